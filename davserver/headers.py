"""Response headers of answers that are given again, and what followed from them before.

Owns: ``Known``, and which functions look at such headers only once.
Why: whoever wraps the application goes by its headers, and so does the server; for the same answer they find the same.
Invariant: what is kept follows from the headers alone, and lasts as long as they do. Threads: any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

Headers = list[tuple[str, str]]
T = TypeVar("T")


class Known(Headers):
    """The headers of an answer that was remembered: nobody changes them. ``findings`` are by who made them."""

    __slots__ = ("findings",)

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        super().__init__(headers)
        self.findings: dict[object, Any] = {}

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("headers of an answer that is given again stay as they are")

    append = extend = insert = pop = remove = clear = sort = reverse = _refuse  # type: ignore[assignment]
    __iadd__ = __imul__ = __setitem__ = __delitem__ = _refuse


def once(make: Callable[[Headers], T]) -> Callable[[Headers], T]:
    """Let a function of headers alone look only once at those that are known."""

    def look_up(headers: Headers) -> T:
        if type(headers) is not Known:
            return make(headers)
        found = headers.findings
        if make not in found:
            found[make] = make(headers)
        return found[make]  # type: ignore[no-any-return]

    return look_up


def extended(headers: Headers, more: Iterable[tuple[str, str]]) -> Headers:
    """Return headers with others behind them that follow from them: of known ones those are known, too."""
    return Known((*headers, *more)) if type(headers) is Known else [*headers, *more]
