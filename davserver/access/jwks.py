"""The keys of an OpenID Connect issuer, fetched and kept for a while.

Owns: discovery, and when keys are fetched anew: after ``KEEP_S``, and when a token names one that is not known, at most
every ``PAUSE_S``, so that made-up names of keys do not make this server a nuisance to the issuer.
Follows: OpenID Connect Discovery 1.0 section 4, RFC 7517.
Invariants: answers are bounded; one thread fetches, and who needs a key that is not known waits for it. While the
issuer does not answer, the keys that are known serve for ``STALE_S``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from davserver.access.principal import is_loopback
from davserver.errors import Invalid, StoreUnavailable

KEEP_S = 300.0
STALE_S = 86_400.0
PAUSE_S = 10.0
TIMEOUT_S = 5.0
MAX_BYTES = 1 << 20


class IssuerKeys:
    """Keys by their id. Threads: any."""

    def __init__(self, issuer: str, *, monotonic: Callable[[], float]) -> None:
        """Errors: Invalid for an issuer whose keys others could swap on the way."""
        _check_url(issuer)
        self._issuer = issuer
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: Mapping[str | None, Any] = {}
        self._fetched_s = -STALE_S
        self._tried_s = -STALE_S

    def key(self, key_id: str | None) -> Any | None:
        """Return a key by its id; the only one if a token names none. Raises StoreUnavailable."""
        age_s = self._monotonic() - self._fetched_s
        if age_s > KEEP_S or self._find(key_id) is None:
            # An issuer that does not answer must not hold the threads of those whose key is known.
            must_wait = age_s > STALE_S or self._find(key_id) is None
            if self._lock.acquire(blocking=must_wait):
                try:
                    self._refresh_if_needed(key_id)
                finally:
                    self._lock.release()
        return self._find(key_id)

    def _refresh_if_needed(self, key_id: str | None) -> None:
        if self._monotonic() - self._fetched_s > KEEP_S or self._find(key_id) is None:
            self._refresh()

    def _find(self, key_id: str | None) -> Any | None:
        keys = self._keys
        if key_id is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(key_id)

    def _refresh(self) -> None:
        now_s = self._monotonic()
        if now_s - self._tried_s < PAUSE_S:
            if not self._keys:
                raise StoreUnavailable("the keys of the issuer of tokens are not known")
            return
        self._tried_s = now_s
        try:
            self._keys = _keys_of(_fetched(_jwks_url(self._issuer)))
            self._fetched_s = now_s
        except (requests.RequestException, ValueError, Invalid) as error:
            if now_s - self._fetched_s > STALE_S:
                self._keys = {}
                raise StoreUnavailable(f"the keys of the issuer {self._issuer} cannot be had: {error}") from error


def _jwks_url(issuer: str) -> str:
    found = _fetched(issuer.rstrip("/") + "/.well-known/openid-configuration")
    url = found.get("jwks_uri")
    if found.get("issuer") != issuer or not isinstance(url, str):
        raise ValueError("what is found there is not about this issuer")
    _check_url(url)
    return url


def _fetched(url: str) -> dict[str, Any]:
    with requests.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as response:
        if response.status_code != 200:
            raise ValueError(f"{url} answers {response.status_code}")
        body = response.raw.read(MAX_BYTES, decode_content=True)
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError(f"{url} is no JSON object")  # noqa: TRY004  # of the answer, not of an argument
    return document


def _keys_of(document: Mapping[str, Any]) -> dict[str | None, Any]:
    """Read the keys; those that are for something else, or of a kind nobody here knows, are left out."""
    import jwt  # noqa: PLC0415  # of the extra [oidc]

    keys: dict[str | None, Any] = {}
    listed = document.get("keys")
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") == "oct":
            continue
        try:
            keys[item.get("kid")] = jwt.PyJWK(item)
        except jwt.PyJWTError:
            continue
    return keys


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and (is_loopback(host) or host == "localhost")):
        raise Invalid(f"{url}: keys are fetched over https only", hint="others could swap them on the way")
