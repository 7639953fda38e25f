"""The command line: one thin command per file."""

from davserver.cli.main import main

__all__ = ["main"]
