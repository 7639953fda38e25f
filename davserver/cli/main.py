"""The root of the command line, and the one place where errors become text and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from davserver import __version__
from davserver.cli.options import Group
from davserver.cli.tables import say
from davserver.errors import DavserverError

_COMMANDS = {
    "serve": "serve:serve",
    "collection": "collection:collection",
    "import": "importing:import_text",
    "export": "export:export",
    "commit": "versions:commit",
    "history": "versions:history",
    "restore": "versions:restore",
    "diff": "diff:diff",
    "label": "versions:label",
    "retention": "retention:retention",
    "prune": "retention:prune_command",
    "repack": "repack:repack",
    "stats": "stats:stats",
    "fsck": "fsck:fsck",
    "scrub": "scrub:scrub",
    "gc": "gc:gc",
    "backup": "backup:backup",
    "doctor": "doctor:doctor",
    "user": "user:user",
    "group": "group:group",
    "audit": "audit:audit",
    "token": "token:token",
    "grant": "grant:grant",
    "link": "link:link",
    "config": "config:config",
    "completion": "shell:completion",
    "man": "shell:man",
}
"""Command to module and function; a command's module is imported when it is used, since some bring a lot along."""


class Root(Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Import a command; None if there is none of this name."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"davserver.cli.{module}"), name)
        return command


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="davserver", message="%(prog)s %(version)s")
def davserver() -> None:
    """Serve collections of content-addressed blocks over WebDAV, and look after them."""


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
    say(f"davserver: {message}", err=True)
    if hint:
        say(f"hint: {hint}", err=True)
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
