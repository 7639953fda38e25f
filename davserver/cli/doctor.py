"""``davserver doctor``: what is likely to hurt soon."""

from __future__ import annotations

import click

from davserver.cli.options import Command, as_json, load_settings, print_json
from davserver.cli.tables import say

_SIGNS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}


@click.command(cls=Command)
@as_json
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> int:
    """Look at disk, memory, catalog, blocks, address, certificate and the running server; exit 1 after an error."""
    from davserver.server.doctor.examination import examine  # noqa: PLC0415  # not for --help

    findings = list(examine(load_settings(context).settings))
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            say(f"{_SIGNS[finding.level]}  {finding.about}: {finding.message}")
            if finding.hint and finding.level != "ok":
                say(f"         {finding.hint}")
    return 1 if any(finding.level == "error" for finding in findings) else 0
