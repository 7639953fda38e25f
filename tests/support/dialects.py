"""Requests that the model has no words for: ranges, reports, searches, sets of changes, uploads in parts, versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from tests.support.davclient import Answer, Dav
from tests.support.model import Path, Request
from tests.support.wire import D, path_of

JSON = {"Content-Type": "application/json"}


def url_path(path: Path) -> str:
    return "/".join(path)


def children(dav: Dav, path: Path) -> set[Path]:
    """List a folder with Depth 1, without itself."""
    answer = dav.send("PROPFIND", url_path(path), headers={"Depth": "1"})
    assert answer.status_code == 207, answer
    return _hrefs(answer) - {path}


def larger_than(dav: Dav, path: Path, size: int) -> set[Path]:
    """Find the files below a folder with more bytes than this."""
    prop = "<D:prop><D:getcontentlength/></D:prop>"
    where = f"<D:where><D:gt>{prop}<D:literal>{size}</D:literal></D:gt></D:where>"
    scope = f"<D:scope><D:href>/{url_path(path)}/</D:href><D:depth>infinity</D:depth></D:scope>"
    body = (
        f'<D:searchrequest xmlns:D="DAV:"><D:basicsearch><D:select>{prop}</D:select><D:from>{scope}</D:from>'
        f"{where}</D:basicsearch></D:searchrequest>"
    )
    answer = dav.send("SEARCH", url_path(path), data=body.encode())
    assert answer.status_code == 207, answer
    return _hrefs(answer)


class Follower:
    """A client that keeps a copy of a collection by sync-collection; ``kept`` has entity tags, None for folders."""

    def __init__(self, collection: Path) -> None:
        self.collection = collection
        self.token = ""
        self.kept: dict[Path, str | None] = {}

    def follow(self, dav: Dav, limit: int | None) -> None:
        """Ask until nothing is left to be told."""
        while True:
            answer = self._ask(dav, limit)
            if answer.status_code == 403 and self.token:
                self.token, self.kept = "", {}  # another collection has the name: begin anew
                continue
            assert answer.status_code == 207, answer
            document = etree.fromstring(answer.content)
            cut = [self._take(response) for response in document.iter(f"{D}response")].count(False)
            self.token = str(document.findtext(f"{D}sync-token"))
            if not cut:
                return

    def _ask(self, dav: Dav, limit: int | None) -> Answer:
        bound = "" if limit is None else f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>"
        body = (
            f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{self.token}</D:sync-token>'
            f"<D:sync-level>infinite</D:sync-level>{bound}<D:prop><D:getetag/></D:prop></D:sync-collection>"
        )
        return dav.send("REPORT", url_path(self.collection), data=body.encode(), headers={"Depth": "0"})

    def _take(self, response: etree._Element) -> bool:
        """Note one response; False if it says that there is more."""
        path = path_of(str(response.findtext(f"{D}href")))
        status = response.findtext(f"{D}status") or ""
        if " 507 " in status:
            return False
        if " 404 " in status:
            self.kept = {known: tag for known, tag in self.kept.items() if known[: len(path)] != path}
        else:
            self.kept[path] = (response.findtext(f".//{D}getetag") or "").strip('"') or None
        return True


def change(dav: Dav, collection: Path, requests: Sequence[Request], tokens: Sequence[str]) -> Answer:
    """Make the model's changes of one collection as one set of changes of the JSON API."""
    changes = [_item(request) for request in requests]
    body = json.dumps({"changes": changes, "lock_tokens": list(tokens)}).encode()
    return dav.send("POST", f"_/api/collections/{collection[0]}/changes", data=body, headers=JSON)


def _item(request: Request) -> dict[str, object]:
    path = url_path(request.path[1:])
    if request.method == "PUT":
        item: dict[str, object] = {"do": "put", "path": path, "text": request.body.decode()}
    elif request.method in {"COPY", "MOVE"}:
        to = url_path(request.to[1:])
        item = {"do": request.method.lower(), "path": path, "to": to, "overwrite": request.overwrite}
    elif request.method == "PROPPATCH":
        named = {f"{{urn:model}}{name}": value for name, value in request.properties}
        item = {"do": "properties", "path": path, "set": {name: value for name, value in named.items() if value}}
        item["remove"] = [name for name, value in named.items() if not value]
    else:
        item = {"do": {"MKCOL": "mkdir", "DELETE": "delete"}[request.method], "path": path}
    return item


@dataclass(frozen=True)
class Version:
    """What a commit answered."""

    number: int
    pdh: str


def commit(dav: Dav, name: str) -> Version:
    answer = dav.send("POST", f"_/api/collections/{name}/commit", data=b"")
    assert answer.status_code == 200, answer
    told = json.loads(answer.content)
    return Version(told["version"], told["portable_data_hash"])


def version_path(dav: Dav, name: str, number: int) -> Path:
    """Find the folder of a version."""
    found = [path for path in children(dav, ("history", name)) if int(path[-1].rpartition("-")[2]) == number]
    assert len(found) == 1, (name, number, found)
    return found[0]


def begin_upload(dav: Dav, path: Path, part: bytes) -> Answer:
    return dav.send("PUT", url_path(path), data=part, headers={"Upload-Complete": "?0"})


def end_upload(dav: Dav, location: str, offset: int, part: bytes, headers: Mapping[str, str]) -> Answer:
    kind = {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset), "Upload-Complete": "?1"}
    return dav.send("PATCH", location, data=part, headers={**kind, **headers})


def _hrefs(answer: Answer) -> set[Path]:
    return {path_of(str(one.text)) for one in etree.fromstring(answer.content).iterfind(f"{D}response/{D}href")}
