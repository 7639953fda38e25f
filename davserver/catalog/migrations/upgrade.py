"""Bring a database up to date.

Owns: when Alembic runs. It is imported only when there is something to do, since every command opens the catalog.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

HEAD = "0001"
"""The newest step in ``versions/``."""


def upgrade(engine: Engine) -> None:
    """Run the steps a database lacks, all in one transaction; the caller holds the write gate."""
    if _revision(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415  (half a tenth of a second that most starts can save)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection, connection.begin():
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
