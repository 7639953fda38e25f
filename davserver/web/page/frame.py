"""The page of a folder, and of an error, as HTML.

Owns: the templates and what they are given; the policy of the page (CSP).
Never: a lookup. All of the HTML is escaped by the templates' engine.
Follows: CSP level 3, Trusted Types. Nothing is inline, nothing comes from elsewhere, nobody may frame the page. No
script of ours writes HTML: text becomes text nodes, and Trusted Types hold that.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from davserver.collection.dirnode import DirNode
from davserver.errors import NotFound
from davserver.web.page import words
from davserver.web.page.assets import Assets
from davserver.web.page.listing import Listing, is_shared
from davserver.web.page.space import Space, Spot

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", POLICY),
    ("X-Frame-Options", "DENY"),
    ("Cache-Control", "private, no-cache"),
    ("Vary", "Accept"),
]
_COLUMNS = (("name", "Name"), ("size", "Size"), ("modified", "Modified"))


class Crumb(NamedTuple):
    """A folder above, or the folder itself."""

    name: str
    href: str


class Ways(NamedTuple):
    """Where to go on from the page of an error."""

    sign_in: str
    """The address that asks for a name and leads back; empty where nobody can sign in."""
    collections: bool


class Frame:
    """Writes pages. Threads: any."""

    def __init__(self, space: Space, assets: Assets) -> None:
        self._space = space
        self._assets = assets
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update(size=words.size, moment=words.moment, day=words.day, shown=words.shown)

    def folder(self, prefix: str, listing: Listing, state: dict[str, Any]) -> bytes:
        """Write the page of a folder. ``state`` is what its script goes on from: the listing as JSON, and more."""
        folder, asked = listing.folder, listing.asked
        here = self._space.href(prefix, folder.segments, folder=True)
        page = asked.offset // asked.limit if asked.limit else 0
        return self._written(
            "folder.html",
            prefix,
            title=_title(folder),
            crumbs=self._crumbs(prefix, folder),
            columns=[self._column(name, label, listing, here) for name, label in _COLUMNS],
            rows=[self._row(prefix, listing, index) for index in range(len(listing.entries))],
            listing=listing,
            asked=asked,
            here=here,
            first=asked.offset + 1,
            last=asked.offset + len(listing.entries),
            before=_link(here, listing, offset=max(page - 1, 0) * asked.limit) if asked.offset else None,
            after=(
                _link(here, listing, offset=asked.offset + asked.limit)
                if asked.offset + asked.limit < listing.total
                else None
            ),
            state=state,
        )

    def drop(self, prefix: str, folder: Spot) -> bytes:
        """Write the page of a drop folder, seen by a link: the one thing at the link's top, whatever was asked for."""
        if not isinstance(folder.node, DirNode):
            raise NotFound("nothing is here")
        name = folder.path[0] if folder.path else next(iter(folder.node.items()))[0]
        target = self._space.href(prefix, (folder.segments[0], name), folder=True)
        return self._written("drop.html", prefix, title=name, target=target)

    def error(self, prefix: str, status: int, message: str, ways: Ways) -> bytes:
        """Write the page of an error."""
        title = HTTPStatus(status).phrase
        return self._written("error.html", prefix, title=title, status=status, message=message, ways=ways)

    def _written(self, template: str, prefix: str, **values: Any) -> bytes:
        def asset(name: str) -> str:
            return f"{prefix}/_/{self._assets.path(name)}"

        text = self._templates.get_template(template).render(
            prefix=prefix, asset=asset, modules=self._assets.names(".js"), **values
        )
        return text.encode("utf-8", "replace")

    def _crumbs(self, prefix: str, folder: Spot) -> list[Crumb]:
        """Return the folders above; by a link one does not come to other links."""
        segments, top = folder.segments, 1 if is_shared(folder) else 0
        hrefs = [self._space.href(prefix, segments[:end], folder=True) for end in range(top, len(segments) + 1)]
        names = ["Shared" if top else "Collections", *segments[top:]]
        return [Crumb(name, href) for name, href in zip(names, hrefs, strict=True)]

    def _row(self, prefix: str, listing: Listing, index: int) -> dict[str, Any]:
        entry = listing.entries[index]
        segments = (*listing.folder.segments, *entry.where, entry.name)
        folder = "folder" if listing.folder.segments else "collection"
        return {
            "entry": entry,
            "icon": folder if entry.is_folder else "file",
            "where": "/".join(entry.where),
            "href": self._space.href(prefix, segments, folder=entry.is_folder),
        }

    def _column(self, name: str, label: str, listing: Listing, here: str) -> dict[str, Any]:
        asked = listing.asked
        is_sorted = asked.sort == name
        descending = not asked.descending if is_sorted else name != "name"
        ways = "descending" if asked.descending else "ascending"
        return {
            "name": name,
            "label": label,
            "sorted": ways if is_sorted else "none",
            "href": _link(here, listing, sort=name, order="desc" if descending else "asc", offset=0),
        }


def _link(here: str, listing: Listing, **changed: object) -> str:
    """Write the address of the same folder in another order, or of another page of it."""
    asked = listing.asked
    order = "desc" if asked.descending else "asc"
    words = {"sort": asked.sort, "order": order, "find": asked.find, "deep": int(asked.deep), "offset": asked.offset}
    words.update(changed)
    told = {word: value for word, value in words.items() if value not in {"", 0}}
    return f"{here}?{urlencode(told, quote_via=quote, errors='replace')}" if told else here


def _title(folder: Spot) -> str:
    if is_shared(folder) and not folder.path:
        return "Shared"
    return folder.segments[-1] if folder.segments else "Collections"
