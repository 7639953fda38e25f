"""Who a trusted proxy says somebody is: a backend that believes it.

Never: decides which proxy is trusted (``middleware.identity``): what comes here was said by one.
"""

from __future__ import annotations

from davserver.access.backend import Credentials, refused
from davserver.access.credentials import normal
from davserver.access.principal import Caller, Principal, is_name


class ProxyBackend:
    """Knows whoever a proxy names; an account of the name is the same person. Threads: any."""

    def identify(self, caller: Caller, _credentials: Credentials | None) -> Principal | None:
        """Return whom the proxy names; NotAuthenticated for a name that no account can have."""
        if caller.asserted is None:
            return None
        name = normal(caller.asserted.name)
        if not is_name(name):
            raise refused("", caller)
        groups = (normal(group) for group in caller.asserted.groups)
        return Principal(name, groups=frozenset(group for group in groups if is_name(group)))
