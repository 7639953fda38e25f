"""What GET of a folder answers to whoever does not ask for HTML first: a plain page of links, streamed.

Owns: the HTML.
Never: assets, scripts, state; the page for browsers is another room's (``web.page``).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from davserver.collection.filenode import FileNode
from davserver.dav.httpdate import format_rfc3339
from davserver.dav.paths import href_of, quote_name
from davserver.dav.requests import Request
from davserver.dav.resources import Resource, members
from davserver.dav.responses import Response, started
from davserver.live.house import House

SLICE_CHARS = 64 << 10
_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Vary", "Accept"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
]
_STYLE = "body{font:1em sans-serif;margin:2em}td{padding:.1em 1em .1em 0}td+td{text-align:right}"


def respond(request: Request, house: House, folder: Resource) -> Response:
    """Answer GET or HEAD of a folder."""
    return Response(200, list(_HEADERS), started(_slices(_rows(request, house, folder))))


def _rows(request: Request, house: House, folder: Resource) -> Iterator[str]:
    here = href_of(request.prefix, folder.segments, folder=True)
    title = _text("/" + "/".join(folder.segments))
    yield f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1><table>"
    if folder.segments:
        above = href_of(request.prefix, folder.segments[:-1], folder=True)
        yield f'<tr><td><a href="{above}">..</a></td><td></td><td></td></tr>'
    for member in members(house, folder):
        name = member.segments[-1]
        slash = "/" if member.is_folder else ""
        size = member.node.size if isinstance(member.node, FileNode) else ""
        yield (
            f'<tr><td><a href="{here}{quote_name(name)}{slash}">{_text(name)}{slash}</a></td>'
            f"<td>{size}</td><td>{format_rfc3339(member.modified_s)}</td></tr>"
        )
    yield "</table></body></html>\n"


def _text(name: str) -> str:
    return escape(name.encode("utf-8", "replace").decode())


def _slices(rows: Iterator[str]) -> Iterator[bytes]:
    pieces: list[str] = []
    length = 0
    for row in rows:
        pieces.append(row)
        length += len(row)
        if length >= SLICE_CHARS:
            yield "".join(pieces).encode()
            pieces, length = [], 0
    yield "".join(pieces).encode()
