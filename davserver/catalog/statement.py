"""Statements of the busy ways: compiled once, run on the driver's own cursor.

Owns: the way around SQLAlchemy's execution, which costs some 100 microseconds a statement; the driver takes 5.
Never: text of SQL. A statement is built with SQLAlchemy like any other, so it is the same for every database.
Follows: PEP 249. Values go to the driver and come from it as they are: integers, text and bytes; a boolean is read as
an integer where the database has no booleans.
Invariant: what fails here spoils the transaction like what fails in SQLAlchemy's (see ``failures``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.elements import ClauseElement

from davserver.catalog.failures import spoil

Values = Mapping[str, Any]


class Statement:
    """An SQL statement whose parameters have names. Threads: any; the connection is one thread's at a time."""

    def __init__(self, construct: ClauseElement) -> None:
        self._construct = construct
        # By dialect: the text, and what turns named values into what the driver takes. Only ever the same again.
        self._forms: dict[str, tuple[str, Callable[[Values], Any]]] = {}

    def rows(self, connection: Connection, values: Values) -> list[Any]:
        """Run a query; returns its rows as tuples."""
        text, arrange = self._form(connection)
        return directly(connection, text, arrange(values)).fetchall()  # type: ignore[no-any-return]

    def run(self, connection: Connection, values: Values) -> int:
        """Run a change; returns the number of rows it met."""
        text, arrange = self._form(connection)
        return directly(connection, text, arrange(values)).rowcount  # type: ignore[no-any-return]

    def run_all(self, connection: Connection, rows: Iterable[Values]) -> None:
        """Run a change for each of some rows."""
        text, arrange = self._form(connection)
        many = [arrange(values) for values in rows]
        if not many:
            return
        cursor = connection.connection.cursor()
        _run(connection, cursor, cursor.executemany, text, many)

    def _form(self, connection: Connection) -> tuple[str, Callable[[Values], Any]]:
        dialect = connection.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            compiled = self._construct.compile(dialect=dialect)
            order: Sequence[str] | None = getattr(compiled, "positiontup", None)
            form = self._forms[dialect.name] = (str(compiled), dict if order is None else _in_order(order))
        return form


def directly(connection: Connection, text: str, values: Any = ()) -> Any:
    """Run a text on the driver's cursor, and return the cursor.

    It begins no transaction of SQLAlchemy's: that would hold back checkpoints and hide changes from a watcher.
    """
    cursor = connection.connection.cursor()
    return _run(connection, cursor, cursor.execute, text, values)


def _run(connection: Connection, cursor: Any, execute: Callable[[str, Any], Any], text: str, values: Any) -> Any:
    try:
        return execute(text, values)
    except Exception as error:
        cursor.close()  # or the error's traceback keeps it, and the connection's next transaction begins in an old one
        spoil(connection, error)
        raise


def _in_order(names: Sequence[str]) -> Callable[[Values], Any]:
    def arrange(values: Values) -> tuple[Any, ...]:
        return tuple([values[name] for name in names])

    return arrange
