"""``davserver completion`` and ``davserver man``: what a shell and a reader of manuals want, made of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.shell_completion import get_completion_class

from davserver import __version__
from davserver.cli.options import Command
from davserver.errors import Invalid

_SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what completes davserver's commands in a shell.

    bash: davserver completion bash > /etc/bash_completion.d/davserver; zsh: the same into a file _davserver of $fpath;
    fish: into ~/.config/fish/completions/davserver.fish.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise Invalid(f"{shell} is not known to this version of click")
    click.echo(kind(context.find_root().command, {}, "davserver", "_DAVSERVER_COMPLETE").source())


@click.command(cls=Command)
@click.pass_context
def man(context: click.Context) -> None:
    """Print the manual page of all commands: davserver man | man -l -."""
    root = context.find_root()
    click.echo("\n".join(_page(root.command)))


def _page(root: click.Command) -> Iterator[str]:
    yield f'.TH DAVSERVER 1 "" "davserver {__version__}" "User Commands"'
    yield from (".SH NAME", f"davserver \\- {_text(root.get_short_help_str(limit=200))}")
    yield from (".SH SYNOPSIS", ".B davserver", "[\\-\\-data DIR] [\\-\\-config FILE] COMMAND ...")
    yield from (".SH DESCRIPTION", _text(root.help or ""))
    yield "Exit status: 0 all is well, 1 something failed, 2 what was asked for makes no sense."
    context = click.Context(root, info_name="davserver")
    yield ".SH OPTIONS"
    for parameter in root.params:
        yield from _option(parameter, context)
    yield ".SH COMMANDS"
    yield from _commands(root, context)
    yield ".SH ENVIRONMENT"
    yield from (".TP", ".B DAVSERVER_...", "Every setting: davserver config show lists them all.")


def _commands(group: click.Command, context: click.Context) -> Iterator[str]:
    """Describe each command of a group, and those below it."""
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
        else:
            yield from _command(command, inner)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_text(context.command_path)} {_text(usage)}"
    for paragraph in (command.help or "").split("\n\n"):
        yield from (_text(" ".join(paragraph.split())), ".PP")
    for parameter in command.params:
        if parameter.expose_value:  # what all have in common is told once
            yield from _option(parameter, context)


def _option(parameter: click.Parameter, context: click.Context) -> Iterator[str]:
    record = parameter.get_help_record(context)
    if isinstance(parameter, click.Option) and record is not None:
        yield from (".TP", f".B {_text(record[0])}", _text(record[1]))


def _text(text: str) -> str:
    """Write a text so that roff takes nothing in it for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped
