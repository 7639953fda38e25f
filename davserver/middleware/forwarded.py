"""What proxies say of a request they pass on: who sent it to them, under which scheme and host.

Owns: the syntax of ``Forwarded`` and of the ``X-Forwarded-*`` family.
Never: believes a word of it; ``proxies.py`` decides which proxy may be believed.
Follows: RFC 7239. The X- family has no standard: each proxy adds its element at the end, or writes a header anew.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from davserver.errors import Invalid

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  # a token of RFC 9110
_PAIR = re.compile(rf'[ \t]*({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")[ \t]*(;|,|\Z)')
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of the request it received; "" is what it does not say.

    ``client`` is an address as it was written: with a port, in brackets, ``unknown`` or ``_hidden``.
    """

    client: str = ""
    scheme: str = ""
    host: str = ""


def hops_of_forwarded(text: str) -> list[Hop]:
    """Read a Forwarded header; the proxy next to us is the last. Errors: Invalid."""
    hops: list[Hop] = []
    pairs: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None or match[1].lower() in pairs:
            raise Invalid("malformed Forwarded header")
        pairs[match[1].lower()] = _unquoted(match[2])
        position = match.end()
        if match[3] != ";":
            hops.append(Hop(pairs.get("for", ""), pairs.get("proto", ""), pairs.get("host", "")))
            pairs = {}
    return hops


def _unquoted(value: str) -> str:
    return _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def hops_of_x_headers(clients: str, schemes: str, hosts: str) -> list[Hop]:
    """Read X-Forwarded-For, -Proto and -Host; the proxy next to us is the last.

    The three lists are laid side by side from their ends. One that is shorter was written anew by a proxy on the way:
    its first element is what that proxy knew, and stands for those before it, too.
    """
    lists = [_elements(clients), _elements(schemes), _elements(hosts)]
    length = max(map(len, lists))
    padded = [([each[0]] * (length - len(each)) + each) if each else [""] * length for each in lists]
    return [Hop(*elements) for elements in zip(*padded, strict=True)]


def _elements(text: str) -> list[str]:
    return [element.strip() for element in text.split(",") if element.strip()]


def address_of(node: str) -> IPAddress | None:
    """Return the address in ``1.2.3.4``, ``1.2.3.4:56``, ``::1``, ``[::1]`` or ``[::1]:56``; None if it is none."""
    if node.startswith("["):
        node = node[1:].partition("]")[0]
    elif node.count(":") == 1:
        node = node.partition(":")[0]
    try:
        address = ipaddress.ip_address(node)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
