"""``davserver scrub``: reads every block now, as the server does by and by."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from davserver.cli.options import Command, as_json, load_settings, open_house, print_json
from davserver.cli.progress import progress
from davserver.errors import StoreUnavailable
from davserver.upkeep.report import Place
from davserver.upkeep.scrub import Scrub, Turn


class _Printer:
    """Tells standard error what is damaged."""

    def checked(self, blocks: int, size: int) -> None:
        """Say nothing: there is a bar."""

    def damaged(self, locator: str, reason: str, places: tuple[Place, ...], healed: str | None) -> None:
        """Say a line, and one for each file."""
        click.echo(f"{'error' if healed is None else 'healed'}: {locator}: {reason}", err=True)
        for place in places if healed is None else ():
            click.echo(f"  in {place.collection}/{place.path}", err=True)

    def finished(self, started_s: float, finished_s: float, blocks: int) -> None:
        """Say nothing: the result is printed."""

    def troubled(self, error: StoreUnavailable) -> None:
        """Say nothing: it is raised."""


@click.command(cls=Command)
@as_json
@click.pass_context
def scrub(context: click.Context, *, as_json: bool) -> int:
    """Read every block now, heal what can be healed; exit 1 if a block is damaged. Begins a new round of the server."""
    settings = load_settings(context).settings
    with open_house(context) as house, progress() as advance:
        one = Scrub(
            house,
            Turn(settings.data / "scrub.lock"),
            _Printer(),
            period_s=1.0,
            bytes_per_s=1,
            clock=time.time,
            pause=lambda _seconds: None,
        )
        state = one.run(lambda done, total: advance("bytes", done, total))
    if as_json:
        print_json(asdict(state))
    else:
        click.echo(f"{state.blocks} blocks with {state.bytes} bytes: {len(state.damaged)} damaged")
    return 1 if state.damaged else 0
