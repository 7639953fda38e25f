"""The root of the command line, and the one place where errors become text and an exit status."""

from __future__ import annotations

import os
import sys
import traceback

import click

from davserver import __version__
from davserver.cli.collection import collection
from davserver.cli.config import config
from davserver.cli.export import export
from davserver.cli.fsck import fsck
from davserver.cli.importing import import_text
from davserver.cli.options import Group
from davserver.cli.serve import serve
from davserver.cli.versions import commit, history, restore
from davserver.errors import DavserverError


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="davserver", message="%(prog)s %(version)s")
def davserver() -> None:
    """Serve collections of content-addressed blocks over WebDAV, and look after them."""


for _command in (serve, collection, import_text, export, commit, history, restore, fsck, config):
    davserver.add_command(_command)


def main() -> None:
    """Run the command line and exit: 0 all is well, 1 something failed, 2 what was asked for makes no sense."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; return its exit status, errors told on standard error in a line and a hint."""
    try:
        result = davserver.main(arguments, prog_name="davserver", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  # the last frame: whatever it is, it becomes a line and a status
        return _tell(error)
    return result if isinstance(result, int) else 0


def _tell(error: Exception) -> int:
    message, hint, status = _explained(error)
    click.echo(f"davserver: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    return status


def _explained(error: Exception) -> tuple[str, str, int]:
    """Return message, hint and exit status."""
    if isinstance(error, DavserverError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, click.Abort):
        return "interrupted", "", 130
    if isinstance(error, OSError):
        return str(error), "", 1
    if os.environ.get("DAVSERVER_DEBUG"):
        traceback.print_exception(error)
    return f"internal error: {error!r}", "DAVSERVER_DEBUG=1 shows where; please report it", 1
