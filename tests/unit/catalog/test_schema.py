"""Migrations and tables say the same."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from davserver.catalog.database import open_catalog
from davserver.catalog.migrations import upgrade
from davserver.catalog.schema import metadata
from davserver.errors import ConfigError


def test_the_steps_lead_to_the_tables_of_the_schema(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    open_catalog(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_the_newest_step_is_the_one_that_a_start_looks_for():
    steps = ScriptDirectory(str(upgrade.Path(upgrade.__file__).parent))
    assert steps.get_current_head() == upgrade.HEAD


@pytest.mark.parametrize("url", ["sqlite://", "nonsense", "mysql://localhost/x", "sqlite:///:memory:"])
def test_a_url_without_a_database_is_refused_with_the_key(url):
    with pytest.raises(ConfigError, match=r"^catalog: "):
        open_catalog(url)


def test_an_unchanged_database_opens_again(tmp_path):
    url = f"sqlite:///{tmp_path}/deep/catalog.db"
    first = open_catalog(url)
    with first.write() as tables:
        tables.collections.add(uuid="u", name="photos", created_ns=1)
    first.close()
    second = open_catalog(url)
    with second.read() as tables:
        assert [row.name for row in tables.collections.live()] == ["photos"]
    second.close()


def test_a_second_catalog_in_the_process_leaves_the_locks_of_the_first_alone(tmp_path):
    """POSIX drops a process's locks on a file when it closes any descriptor of it: the log would be gone."""
    url = f"sqlite:///{tmp_path}/catalog.db"
    first = open_catalog(url)
    with first.read() as tables:
        assert tables.collections.live() == []
    open_catalog(url).close()
    program = f"from davserver.catalog.database import open_catalog; open_catalog({url!r}).close()"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert (tmp_path / "catalog.db-wal").exists()
    with first.write() as tables:
        tables.collections.add(uuid="u", name="photos", created_ns=1)
    first.close()
