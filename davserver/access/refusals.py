"""Refused credentials in the audit log: one for an account and an address in a while.

Owns: how often. The server's log has each of them; here they are a change of the catalog each, which a guesser must not
be able to cause at will.
Never: a name that is no account's: people type passwords where the name belongs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import structlog

from davserver.errors import DavserverError
from davserver.live.house import House

PAUSE_S = 60.0
MOST_IN_A_PAUSE = 60
"""Whoever comes from many addresses is noted so often."""

_log = structlog.get_logger("davserver.access")


class Refusals:
    """Notes refusals. Threads: any."""

    def __init__(self, house: House, monotonic: Callable[[], float]) -> None:
        self._house = house
        self._monotonic = monotonic
        self._noted: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, account: str, address: str) -> None:
        """Note that credentials were not right, unless that was noted just now; that it fails refuses nothing more."""
        if not self._is_new(account, address):
            return
        try:
            self._house.edit(lambda edit: edit.note("refused", account, actor="", address=address))
        except DavserverError as error:
            _log.warning("a refusal is not in the audit log", reason=str(error))

    def _is_new(self, account: str, address: str) -> bool:
        now_s = self._monotonic()
        with self._lock:
            while self._noted and now_s - next(iter(self._noted.values())) >= PAUSE_S:
                self._noted.popitem(last=False)
            if (account, address) in self._noted or len(self._noted) >= MOST_IN_A_PAUSE:
                return False
            self._noted[account, address] = now_s
            return True
