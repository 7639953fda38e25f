"""What the database's failures mean in davserver's words.

Owns: the translation of SQLAlchemy's errors; nothing above this room sees one.
Follows: SQLite result codes (SQLITE_FULL, SQLITE_BUSY, SQLITE_IOERR, ...).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from davserver.errors import CatalogBusy, DavserverError, StoreFull, StoreUnavailable


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreFull, CatalogBusy or StoreUnavailable where the database fails; let integrity errors pass."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _meaning(error) from error


def _meaning(error: DBAPIError) -> DavserverError:
    reason = str(error.orig)
    if "full" in reason:
        return StoreFull(f"the catalog cannot grow: {reason}", hint="free some space on the catalog's disk")
    if "locked" in reason or "busy" in reason:
        return CatalogBusy(f"the catalog is busy: {reason}")
    kind = "does not answer" if isinstance(error, OperationalError) else "failed"
    return StoreUnavailable(f"the catalog {kind}: {reason}", hint="look at the catalog's disk or database server")
