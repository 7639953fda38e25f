"""Run the command line as ``python -m davserver``."""

from davserver.cli import main

if __name__ == "__main__":
    main()
