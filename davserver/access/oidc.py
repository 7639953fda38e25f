"""OpenID Connect: a backend that takes the signed tokens (JWT) of one issuer as Bearer.

Owns: what is asked of a token: a signature by a key of the issuer, the issuer, the audience, the time, a name.
Never: fetches a token, or lets anybody in at the issuer's word about who they were.
Follows: RFC 7519, RFC 8725 (only asymmetric algorithms, chosen by us), RFC 9068 section 4.
Invariants: a token ends with its ``exp``; one signed by a key that the issuer withdrew ends when the keys are read anew
(``jwks``). No text of a token is in a log.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Protocol

import structlog

from davserver.access.backend import Credentials, refused
from davserver.access.credentials import Bearer, normal
from davserver.access.principal import Caller, Principal, is_name

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_S = 60
"""Clocks differ."""
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")

_log = structlog.get_logger("davserver.access")


class Expected(NamedTuple):
    """What a token has to say, and which claims hold the name and the groups."""

    issuer: str
    audience: str
    name_claim: str
    groups_claim: str


class Keys(Protocol):
    """The issuer's keys. Threads: any."""

    def key(self, key_id: str | None, /) -> Any | None:
        """Return a key by its id; None if the issuer has none. Raises StoreUnavailable if it cannot be asked."""


class OidcBackend:
    """Knows whom the issuer names. Threads: any."""

    def __init__(self, expected: Expected, keys: Keys) -> None:
        self._expected = expected
        self._keys = keys

    def identify(self, caller: Caller, credentials: Credentials | None) -> Principal | None:
        """Return whom a token names; None for what does not look like one."""
        if not isinstance(credentials, Bearer) or not _JWT.match(credentials.token):
            return None
        import jwt  # noqa: PLC0415  # of the extra [oidc]

        try:
            claims = self._claims(credentials.token)
        except jwt.PyJWTError as error:
            _log.info("a token is not taken", reason=type(error).__name__)
            raise refused("", caller) from None
        name = claims.get(self._expected.name_claim)
        if not isinstance(name, str) or not is_name(normal(name)):
            _log.warning("a token has no name that an account can have", claim=self._expected.name_claim)
            raise refused("", caller)
        return Principal(normal(name), groups=_groups(claims.get(self._expected.groups_claim)))

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt  # noqa: PLC0415

        header = jwt.get_unverified_header(token)
        key = self._keys.key(header.get("kid"))
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=self._expected.audience,
            issuer=self._expected.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims


def _groups(claim: object) -> frozenset[str]:
    if not isinstance(claim, list):
        return frozenset()
    return frozenset(normal(name) for name in claim if isinstance(name, str) and is_name(normal(name)))
