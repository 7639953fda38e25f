"""``davserver collection``: the collections themselves, beside whatever server is running."""

from __future__ import annotations

import click

from davserver.access import managing, stewarding
from davserver.catalog.model import Collection
from davserver.cli.options import Group, as_json, open_house, print_json
from davserver.cli.sizes import limit_argument
from davserver.cli.tables import iso_time, print_table, say
from davserver.errors import Invalid, NotFound, StoreUnavailable
from davserver.live.edit import Edit
from davserver.live.house import House
from davserver.values import format_path


@click.group(cls=Group)
def collection() -> None:
    """Make, list and remove collections."""


@collection.command()
@click.argument("name")
@as_json
@click.pass_context
def create(context: click.Context, name: str, *, as_json: bool) -> None:
    """Make an empty collection."""
    with open_house(context) as house:
        made = house.edit(lambda edit: edit.create_collection(name))
    _print_one(made, as_json=as_json)


@collection.command(name="list")
@click.option("--trashed", "--trash", "trashed", is_flag=True, help="List what is in the trash instead.")
@as_json
@click.pass_context
def list_collections(context: click.Context, *, trashed: bool, as_json: bool) -> None:
    """List the collections."""
    with open_house(context) as house:
        found = house.trashed() if trashed else house.collections()
    if as_json:
        print_json([_described(info) for info in found])
        return
    print_table(
        ("NAME", "UUID", "VERSION", "TRASHED" if trashed else "CREATED"),
        [(info.name, info.uuid, str(info.version), iso_time(info.trashed_ns or info.created_ns)) for info in found],
    )


@collection.command()
@click.argument("name")
@as_json
@click.pass_context
def show(context: click.Context, name: str, *, as_json: bool) -> None:
    """Show one collection: what it holds now, its newest version, and who may do what with it."""
    with open_house(context) as house:
        view = house.view(name)
        versions = house.versions(name)
        with house.read_catalog() as tables:
            grants = tables.access.grants(view.info.id)
    described = _described(view.info) | {
        "files": view.root.files,
        "bytes": view.root.bytes,
        "portable_data_hash": str(versions[-1].pdh) if versions else None,
        "uncommitted_changes": (view.seq or 0) - (versions[-1].seq if versions else 0),
        "grants": {grant.grantee: grant.right.name.lower() for grant in grants if not grant.path},
        "grants_below": [
            {"path": format_path(grant.path), "to": grant.grantee, "right": grant.right.name.lower()}
            for grant in grants
            if grant.path
        ],
    }
    _print_described(described, as_json=as_json)


@collection.command()
@click.argument("name")
@click.argument("new_name")
@click.pass_context
def rename(context: click.Context, name: str, new_name: str) -> None:
    """Give a collection another name."""
    with open_house(context) as house:
        house.edit(lambda edit: edit.rename_collection(edit.view(name).info.id, new_name))


@collection.command()
@click.argument("name")
@click.argument("what", type=click.Choice(["keep", "drop"]))
@click.pass_context
def litter(context: click.Context, name: str, what: str) -> None:
    """Keep ._files, .DS_Store, Thumbs.db and the like in the versions to come, or leave them out."""
    with open_house(context) as house:
        house.edit(lambda edit: edit.set_litter(edit.view(name).info.id, drops=what == "drop"))


@collection.command()
@click.argument("name")
@limit_argument
@click.pass_context
def quota(context: click.Context, name: str, limit_bytes: int | None) -> None:
    """Limit the bytes of a collection's files together (1000000, 10GiB), or end the limit (none).

    What is there stays, also if it is more.
    """
    with open_house(context) as house:
        stewarding.limit(house, name, limit_bytes)


@collection.command()
@click.argument("name")
@click.argument("user", metavar="USER|none")
@click.pass_context
def owner(context: click.Context, name: str, user: str) -> None:
    """Let the bytes of a collection count for the account USER, or for nobody (none).

    Who makes a collection owns it. What USER may do with it does not change (see grant), and what is there stays, also
    if it is more than USER may store.
    """
    with open_house(context) as house:
        managing.set_owner(house, name, None if user == "none" else user)


@collection.command()
@click.argument("name")
@click.pass_context
def trash(context: click.Context, name: str) -> None:
    """Put a collection into the trash."""
    with open_house(context) as house:
        house.edit(lambda edit: _trashed(edit, name))


@collection.command()
@click.argument("name_or_uuid")
@click.option("--as", "new_name", metavar="NAME", help="The name it gets; default the one it had.")
@as_json
@click.pass_context
def restore(context: click.Context, name_or_uuid: str, new_name: str | None, *, as_json: bool) -> None:
    """Take a collection out of the trash; of several with one name the last one trashed."""
    with open_house(context) as house:
        info = _find_trashed(house, name_or_uuid)
        name = new_name or info.name
        house.edit(lambda edit: _restored(edit, info.id, name))
        restored = house.view(name).info
    _print_one(restored, as_json=as_json)


@collection.command()
@click.argument("name_or_uuid")
@click.pass_context
def purge(context: click.Context, name_or_uuid: str) -> None:
    """Delete a collection in the trash for good, with all its versions; of several with one name, name the uuid."""
    with open_house(context) as house:
        found = [info for info in house.trashed() if name_or_uuid in {info.name, info.uuid}]
        if len(found) > 1:
            hint = "name one by its uuid: davserver collection list --trashed"
            raise Invalid(f"{len(found)} collections named {name_or_uuid!r} are in the trash", hint=hint)
        info = _find_trashed(house, name_or_uuid)
        if not house.edit(lambda edit: _purged(edit, info)):
            raise StoreUnavailable("another collection still needs its changes, until that is committed")


def _restored(edit: Edit, collection_id: int, name: str) -> None:
    edit.restore_collection(collection_id, name)
    edit.note("collection restore", name)


def _trashed(edit: Edit, name: str) -> None:
    edit.trash_collection(edit.view(name).info.id)
    edit.note("collection trash", name)


def _purged(edit: Edit, info: Collection) -> bool:
    is_gone = edit.purge(info.id)
    if is_gone:
        edit.note("collection purge", info.name, info.uuid)
    return is_gone


def _find_trashed(house: House, wanted: str) -> Collection:
    found = [info for info in house.trashed() if wanted in {info.name, info.uuid}]
    if not found:
        raise NotFound(f"no collection {wanted!r} in the trash", hint="davserver collection list --trashed")
    return found[-1]


def _described(info: Collection) -> dict[str, object]:
    return {
        "name": info.name,
        "uuid": info.uuid,
        "created": iso_time(info.created_ns),
        "trashed": None if info.trashed_ns is None else iso_time(info.trashed_ns),
        "version": info.version,
        "owner": info.owner,
        "quota_bytes": info.quota_bytes,
        "litter": "drop" if info.drops_litter else "keep",
    }


def _print_one(info: Collection, *, as_json: bool) -> None:
    _print_described(_described(info), as_json=as_json)


def _print_described(described: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(described)
        return
    for key, value in described.items():
        if value is not None:
            text = _listed(value) if isinstance(value, dict) else _below(value) if isinstance(value, list) else value
            say(f"{key.replace('_', ' ')}: {text}")


def _listed(value: dict[str, object]) -> str:
    return ", ".join(f"{name} {item}" for name, item in value.items()) or "none"


def _below(grants: list[dict[str, str]]) -> str:
    return ", ".join(f"{grant['path']}: {grant['to']} {grant['right']}" for grant in grants) or "none"
