"""Is a history of concurrent operations linearizable: could it have happened one after the other?

An operation takes effect at one moment between its call and its answer. The checker goes through the calls and answers
in the order of time and keeps every configuration that is possible so far: a state, and which of the open operations
have taken effect in it (just-in-time linearization, G. Lowe, "Testing for linearizability", 2016; Wing and Gong 1993).
So a history may be as long as one likes; the cost is bounded by how many operations are open at a time.

An operation whose answer never came (the server was killed) has taken effect before the kill, or never.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
R = TypeVar("R")
A = TypeVar("A")

Step = Callable[[S, R, A | None], S | None]
"""From a state, a request and its answer (None: there was none) to the next state; None if it cannot be the answer."""


@dataclass(frozen=True)
class Operation(Generic[R, A]):
    """A request, its answer (None: the server died before ``ended``), and when both were seen by the client."""

    request: R
    answer: A | None
    called: float
    ended: float


class Unexplained(AssertionError):
    """No order of the operations explains an answer."""


def check(history: Iterable[Operation[R, A]], initial: S, step: Step[S, R, A]) -> set[S]:
    """Return the states that may stand at the end; raises Unexplained with the first answer that cannot be."""
    operations = sorted(history, key=lambda operation: operation.called)
    # Of a call and an answer at one time the call counts as the earlier one: they may overlap.
    events = sorted(
        [(operation.called, 0, number) for number, operation in enumerate(operations)]
        + [(operation.ended, 1, number) for number, operation in enumerate(operations)]
    )
    search = _Search(operations, initial, step)
    for _, ends, number in events:
        if ends:
            search.end(number)
        else:
            search.open.add(number)
    return {state for state, _ in search.configurations}


class _Search(Generic[S, R, A]):
    def __init__(self, operations: Sequence[Operation[R, A]], initial: S, step: Step[S, R, A]) -> None:
        self.open: set[int] = set()
        self.configurations: set[tuple[S, frozenset[int]]] = {(initial, frozenset())}
        self._operations = operations
        self._step = step

    def end(self, number: int) -> None:
        """Let an operation end: keep the configurations in which it has taken effect, or make it do so."""
        before = self.configurations
        after = {(state, done - {number}) for state, done in self._explored(number)}
        if self._operations[number].answer is None:
            after |= {(state, done) for state, done in before if number not in done}
        if not after:
            raise Unexplained(self._story(number))
        self.open.remove(number)
        self.configurations = after

    def _explored(self, number: int) -> set[tuple[S, frozenset[int]]]:
        """Return every configuration with the operation done that the present ones lead to."""
        seen = set(self.configurations)
        waiting = list(seen)
        found = set()
        while waiting:
            configuration = state, done = waiting.pop()
            if number in done:
                found.add(configuration)
                continue
            for other in self.open - done:
                operation = self._operations[other]
                changed = self._step(state, operation.request, operation.answer)
                if changed is None:
                    continue
                following = (changed, done | {other})
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return found

    def _story(self, number: int) -> str:
        """Tell what cannot be, what was open at that time, and what was possible before it."""
        lines = [f"no order explains this answer: {self._operations[number]}"]
        lines += [f"open: {self._operations[other]}" for other in sorted(self.open - {number})]
        lines += [f"before it: {self._operations[other]}" for other in range(max(0, number - 12), number)]
        lines += [f"possible: {state}, of the open ones done: {sorted(done)}" for state, done in self.configurations]
        return "\n".join(lines)
