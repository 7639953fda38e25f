"""What every way to know somebody must do: a class of tests that each backend runs.

A subclass gives a ``Stage`` for its backend by the fixture ``stage``: two people who are known, ``ann`` and ``ben``, of
whom ``ann`` is in the group ``staff`` as far as the backend knows groups.
"""

from __future__ import annotations

import base64
import logging
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import pytest

from davserver.access.backend import Backend, Chain
from davserver.access.principal import ANONYMOUS, Asserted, Caller, Principal
from davserver.errors import DavserverError, NotAuthenticated

HOME = "127.0.0.1"


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Stage(ABC):
    """A backend, and the world it looks at."""

    backend: Backend
    knows_groups = False

    @abstractmethod
    def caller(self, name: str) -> Caller:
        """Return a caller who proves to be somebody, as they would at this moment."""

    @abstractmethod
    def wrong(self, name: str) -> list[Caller]:
        """Return callers who claim to be somebody, and are not."""

    @abstractmethod
    def secret_of(self, caller: Caller) -> str:
        """Return what must not be in a log, "" for nothing."""


class AccessBackendSuite:
    """The tests."""

    def test_who_proves_it_is_known(self, stage):
        chain = Chain([stage.backend])
        groups = frozenset({"staff"}) if stage.knows_groups else frozenset()
        for _ in range(2):
            assert chain.authenticate(stage.caller("ann")) == Principal("ann", groups=groups)
            assert chain.authenticate(stage.caller("ben")) == Principal("ben")

    def test_who_does_not_is_refused_and_no_stranger(self, stage):
        chain = Chain([stage.backend])
        chain.authenticate(stage.caller("ann"))
        for caller in [*stage.wrong("ann"), *stage.wrong("nobody")]:
            with pytest.raises(NotAuthenticated):
                chain.authenticate(caller)
        assert chain.authenticate(stage.caller("ann")).name == "ann"

    def test_who_says_nothing_is_a_stranger(self, stage):
        assert Chain([stage.backend]).authenticate(Caller(None, HOME, is_tls=True)) == ANONYMOUS

    @pytest.mark.parametrize(
        "caller",
        [
            Caller("Bearer abc", HOME, is_tls=True),
            Caller("Bearer dav_" + "x" * 43, HOME, is_tls=True),
            Caller("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.x", HOME, is_tls=True),
            Caller(basic("", ""), HOME, is_tls=True),
            Caller(basic("nobody", "x"), HOME, is_tls=True),
            Caller(basic("anonymous", ""), HOME, is_tls=True),
            Caller(basic("ann", ""), HOME, is_tls=True),
            Caller(basic("*", "x"), HOME, is_tls=True),
            Caller(basic("ann)(uid=*", "x"), HOME, is_tls=True),
            Caller("Negotiate abc", HOME, is_tls=True),
            Caller(None, HOME, is_tls=True, asserted=Asserted("anonymous")),
            Caller(None, HOME, is_tls=True, asserted=Asserted("@staff")),
            Caller(None, HOME, is_tls=True, asserted=Asserted("ann, ben")),
            Caller(None, HOME, is_tls=True, asserted=Asserted("a\nb")),
        ],
        ids=str,
    )
    def test_nobody_comes_in_by_what_proves_nothing(self, stage, caller):
        with pytest.raises(NotAuthenticated):
            Chain([stage.backend]).authenticate(caller)

    def test_no_secret_is_logged(self, stage, caplog, capfd):
        caplog.set_level(logging.DEBUG)
        chain = Chain([stage.backend])
        callers = [stage.caller("ann"), *stage.wrong("ann"), *stage.wrong("nobody")]
        for caller in callers:
            try:
                chain.authenticate(caller)
            except DavserverError as error:
                told = repr(error)
                assert not (secret := stage.secret_of(caller)) or secret not in told
        written = caplog.text + "".join(capfd.readouterr())
        for caller in callers:
            assert not (secret := stage.secret_of(caller)) or secret not in written

    def test_many_at_once_are_each_themselves(self, stage):
        chain = Chain([stage.backend])
        callers = [stage.caller(name) for name in ("ann", "ben")]
        for caller in callers:
            chain.authenticate(caller)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(chain.authenticate, callers * 40))
        assert [principal.name for principal in found] == ["ann", "ben"] * 40


class EndsAtOnceSuite(AccessBackendSuite):
    """And of those that are asked with each request whether somebody still is known; ``stage`` has ``remove``."""

    def test_who_is_removed_is_out_with_the_next_request(self, stage):
        chain = Chain([stage.backend])
        held = stage.caller("ann")
        assert chain.authenticate(held).name == "ann"
        stage.remove("ann")
        with pytest.raises(NotAuthenticated):
            chain.authenticate(held)
        assert chain.authenticate(stage.caller("ben")).name == "ben"


class GroupsSuite(AccessBackendSuite):
    """And of those that know groups; ``stage`` has ``leave``."""

    def test_who_leaves_a_group_is_not_in_it_with_the_next_request(self, stage):
        chain = Chain([stage.backend])
        assert chain.authenticate(stage.caller("ann")).groups == {"staff"}
        stage.leave("ann")
        assert chain.authenticate(stage.caller("ann")).groups == frozenset()
