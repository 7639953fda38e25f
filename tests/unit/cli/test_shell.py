"""What is made of the commands for shells and readers of manuals."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import click
import pytest

from davserver.cli.main import davserver
from tests.support.serving import run


def every_command(group, context):
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from every_command(command, inner)
        elif not command.hidden:
            yield inner


@pytest.fixture(scope="module")
def page():
    done = run("man")
    assert done.returncode == 0
    return done.stdout


def test_the_manual_has_every_command_and_option(page):
    plain = page.replace("\\-", "-")
    for context in every_command(davserver, click.Context(davserver, info_name="davserver")):
        assert f".SS {context.command_path} " in plain
        for parameter in context.command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.opts[-1] in plain


def test_a_formatter_of_manuals_finds_nothing_in_it_that_it_does_not_know(page):
    known = {".TH", ".SH", ".SS", ".PP", ".TP", ".B"}
    for line in page.splitlines():
        assert not line.startswith("'")
        if line.startswith("."):
            assert line.split()[0] in known
        assert set(re.findall(r"\\.", line)) <= {"\\-", "\\e", "\\&"}


def test_bash_completes_commands(tmp_path):
    script = run("completion", "bash").stdout
    assert script
    environ = os.environ | {"_DAVSERVER_COMPLETE": "bash_complete", "COMP_WORDS": "davserver coll", "COMP_CWORD": "1"}
    line = [sys.executable, "-c", "from davserver.cli import main; main()"]
    done = subprocess.run(line, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert done.stdout.split() == ["plain,collection"]
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_shell_that_is_not_known_is_a_line_and_a_hint():
    done = run("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
