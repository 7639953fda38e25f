"""The command line: one thin command per file."""


def main() -> None:
    """Run the command line."""
