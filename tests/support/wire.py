"""The model's requests as HTTP, and what the answers say in the model's words."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from lxml import etree

from tests.support.davclient import Answer, Dav
from tests.support.model import Member, Path, Reply, Request

D = "{DAV:}"
SPACE = "urn:model"
_MULTISTATUS = {"PROPFIND", "PROPPATCH"}
_ASKED = f"""<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getcontentlength/><D:getetag/><D:lockdiscovery/>
<a xmlns="{SPACE}"/><b xmlns="{SPACE}"/></D:prop></D:propfind>""".encode()
"""The dead properties of the tests are called ``a`` and ``b``."""


def ask(dav: Dav, request: Request) -> Reply:
    """Send a request and read its answer; raises one of ``davclient.NO_ANSWER``."""
    answer = dav.send(request.method, "/".join(request.path), data=_body(request), headers=dict(_headers(dav, request)))
    if answer.status_code >= 300:
        return Reply(answer.status_code)
    etag = answer.headers["ETag"]
    if request.method == "GET" and etag is None:
        return Reply(answer.status_code)  # a page of links
    return Reply(
        answer.status_code,
        etag=etag.strip('"') if etag else None,
        body=answer.content if request.method == "GET" else None,
        token=(answer.headers["Lock-Token"] or "").strip("<>"),
        listing=tuple(members(answer)) if request.method == "PROPFIND" else None,
    )


def members(answer: Answer) -> Iterator[tuple[Path, Member]]:
    """Iterate over the resources of a multistatus."""
    for response in etree.fromstring(answer.content).iter(f"{D}response"):
        found = {str(prop.tag): prop for prop in response.iterfind(f"{D}propstat[1]/{D}prop/*")}
        is_folder = found[f"{D}resourcetype"].find(f"{D}collection") is not None
        size, tag = (found[f"{D}{name}"].text if f"{D}{name}" in found else None for name in _OF_FILES)
        dead = tuple((name, str(found[_dead(name)].text)) for name in "ab" if _dead(name) in found)
        tokens = frozenset(str(href.text) for href in response.iterfind(f".//{D}locktoken/{D}href"))
        member = Member(is_folder, None if size is None else int(size), tag and tag.strip('"'), dead, tokens)
        yield path_of(str(response.findtext(f"{D}href"))), member


def path_of(href: str) -> Path:
    """Return the names of an href."""
    return tuple(unquote(name) for name in urlsplit(href).path.split("/") if name)


_OF_FILES = ("getcontentlength", "getetag")


def _dead(name: str) -> str:
    return f"{{{SPACE}}}{name}"


def _headers(dav: Dav, request: Request) -> Iterator[tuple[str, str]]:
    if request.to:
        yield "Destination", dav.url("/".join(request.to))
        yield "Overwrite", "T" if request.overwrite else "F"
    if request.method in {"COPY", "MOVE", "PROPFIND", "LOCK"}:
        yield "Depth", "infinity" if request.infinite else "0"
    if request.if_match is not None:
        yield "If-Match", _tag(request.if_match)
    if request.if_none_match is not None:
        yield "If-None-Match", _tag(request.if_none_match)
    if request.method == "UNLOCK":
        yield "Lock-Token", f"<{''.join(request.tokens)}>"
    elif request.tokens:
        lists = " ".join(f"(<{token}>)" for token in request.tokens)
        yield "If", f"{lists} (Not <DAV:no-lock>)"  # always true: the tokens are submitted and are no condition
    if request.method == "MKCOL" and request.properties:
        yield "Content-Type", "application/xml"
    yield from _range_headers(request)


def _range_headers(request: Request) -> Iterator[tuple[str, str]]:
    if request.method == "PATCH":
        yield "Content-Type", "application/x-sabredav-partialupdate"
        yield "X-Update-Range", "append" if request.at == -1 else f"bytes={request.at}-"
    elif request.at is not None:
        yield "Content-Range", f"bytes {request.at}-{request.at + len(request.body) - 1}/*"


def _tag(etag: str) -> str:
    return etag if etag == "*" else f'"{etag}"'


def _body(request: Request) -> bytes | None:
    if request.method in {"PUT", "PATCH"}:
        return request.body
    if request.method == "PROPFIND":
        return _ASKED
    if request.method == "PROPPATCH":
        return _update("propertyupdate", request)
    if request.method == "MKCOL" and request.properties:
        return _update("mkcol", request)
    if request.method == "LOCK" and request.scope:
        kind = f"<D:lockscope><D:{request.scope}/></D:lockscope><D:locktype><D:write/></D:locktype>"
        return f'<D:lockinfo xmlns:D="DAV:">{kind}</D:lockinfo>'.encode()
    return None


def _update(root: str, request: Request) -> bytes:
    instructions = "".join(
        f'<D:remove><D:prop><{name} xmlns="{SPACE}"/></D:prop></D:remove>'
        if value is None
        else f'<D:set><D:prop><{name} xmlns="{SPACE}">{value}</{name}></D:prop></D:set>'
        for name, value in request.properties
    )
    return f'<D:{root} xmlns:D="DAV:">{instructions}</D:{root}>'.encode()
