"""Transcripts: what a client sends and what it needs to hear, in a file that people can read and a test can play.

A file of ``tests/transcripts`` begins with comments (``#``): which client, and where its ways are known from. Blank
lines separate exchanges; before the first there is an empty collection ``/c/``. An exchange is, line by line::

    > METHOD /path             the request
    > Name: value              its headers; Host and, without Transfer-Encoding: chunked, Content-Length are added
    | text                     its body; each line ends with LF
    < 201                      the status to come
    < Name: value              a header to come: this value, any one (*), none (-), or one to remember ({name})
    = text                     the body to come, but for a final LF
    + /path D:getetag value    a property to come with status 200: this text, the names of its children or any text (*)
    - /path D:getetag          a property not to come with status 200

``{host}`` and every remembered ``{name}`` stand for themselves in what is sent and what is to come. Property names are
``D:local`` or ``{namespace}local``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from lxml import etree

from tests.support.site import Answer

DAV = "{DAV:}"


@dataclass
class Exchange:
    """One request, and what is to come; ``line`` is where it stands in the file."""

    line: int
    method: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    status: int = 0
    expected_headers: list[tuple[str, str]] = field(default_factory=list)
    expected_body: list[str] = field(default_factory=list)
    present: list[tuple[str, str, str]] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)


def read_transcript(path: Path) -> list[Exchange]:
    """Read a file; raises ValueError for a line that is none of the forms."""
    exchanges: list[Exchange] = []
    fresh = True
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            fresh = True
            continue
        if fresh:
            method, target = line.removeprefix("> ").split(" ")
            exchanges.append(Exchange(number, method, target))
            fresh = False
            continue
        _add(exchanges[-1], line[0], line[2:])
    return exchanges


def _add(exchange: Exchange, kind: str, rest: str) -> None:
    match kind:
        case ">":
            exchange.headers.append(_header(rest))
        case "|":
            exchange.body.append(rest)
        case "<" if not exchange.status:
            exchange.status = int(rest)
        case "<":
            exchange.expected_headers.append(_header(rest))
        case "=":
            exchange.expected_body.append(rest)
        case "+":
            href, name, *text = rest.split(" ", 2)
            exchange.present.append((href, _qualified(name), "".join(text)))
        case "-":
            href, name = rest.split(" ")
            exchange.absent.append((href, _qualified(name)))
        case _:
            raise ValueError(f"not a line of a transcript: {kind} {rest}")


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name, value.strip()


def _qualified(name: str) -> str:
    return name.replace("D:", DAV, 1) if name.startswith("D:") else name


class Player:
    """Plays exchanges over one connection and says what is not as it was to come."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = HTTPConnection(host, port, timeout=30)
        self._known = {"{host}": f"{host}:{port}"}

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def play(self, exchange: Exchange) -> list[str]:
        """Send the request; return what is wrong with the answer."""
        return list(self._complaints(exchange, self._send(exchange)))

    def _send(self, exchange: Exchange) -> Answer:
        body = "".join(self._filled(line) + "\n" for line in exchange.body).encode()
        headers = [(name, self._filled(value)) for name, value in exchange.headers]
        chunked = ("Transfer-Encoding", "chunked") in headers
        connection = self._connection
        connection.putrequest(exchange.method, self._filled(exchange.path), skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if not chunked and (body or exchange.method == "PUT"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None, encode_chunked=chunked)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def _complaints(self, exchange: Exchange, answer: Answer) -> Iterator[str]:
        if answer.status != exchange.status:
            yield f"status {answer.status}, not {exchange.status}: {answer.body[:300]!r}"
            return
        for name, wanted in exchange.expected_headers:
            value = answer.headers.get(name)
            if not self._fits(value, wanted):
                yield f"{name}: {value}, not {wanted}"
        if exchange.expected_body and answer.body.removesuffix(b"\n") != "\n".join(exchange.expected_body).encode():
            yield f"body {answer.body!r}"
        found = _found(answer) if exchange.present or exchange.absent else {}
        for href, name, wanted in exchange.present:
            value = found.get((self._filled(href), name))
            if not self._fits(value, wanted):
                yield f"{name} of {href}: {value!r}, not {wanted!r}"
        for href, name in exchange.absent:
            if (self._filled(href), name) in found:
                yield f"{name} of {href} is told"

    def _fits(self, value: str | None, wanted: str) -> bool:
        if wanted == "-" or value is None:
            return wanted == "-" and value is None
        if wanted == "*":
            return bool(value)
        before, brace, rest = wanted.partition("{")
        name, _, after = rest.partition("}")
        if brace and f"{{{name}}}" not in self._known and name.isalnum():
            self._known[f"{{{name}}}"] = value.removeprefix(before).removesuffix(after)
            return value.startswith(before) and value.endswith(after)
        return value == self._filled(wanted)

    def _filled(self, text: str) -> str:
        for name, value in self._known.items():
            text = text.replace(name, value)
        return text


def _found(answer: Answer) -> dict[tuple[str, str], str]:
    """Return the properties of a multistatus that have status 200: (href, name) to text or names of children."""
    return {
        (str(response.findtext(DAV + "href")), str(prop.tag)): _text(prop)
        for response in answer.xml.iter(DAV + "response")
        for propstat in response.iter(DAV + "propstat")
        if " 200 " in str(propstat.findtext(DAV + "status"))
        for prop in propstat.iterfind(DAV + "prop/*")
    }


def _text(prop: etree._Element) -> str:
    children = "+".join(str(child.tag).replace(DAV, "D:") for child in prop)
    return children or prop.text or ""
