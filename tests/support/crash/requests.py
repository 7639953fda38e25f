"""The requests that the clients of a crash test send: each knows what it says and what it changes.

``send`` returns the answer of a request that went well. ``after`` says what is to be expected when it is done; without
an answer (nobody knows yet whether it is done) what only the answer tells is left open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlsplit

from tests.support.crash.expected import FOLDER, Expected, Sent, Thing
from tests.support.davclient import Answer, Dav

PROPERTY = "{urn:crash}note"
_UPDATE = (
    '<D:propertyupdate xmlns:D="DAV:" xmlns:c="urn:crash"><D:set><D:prop><c:note>{}</c:note></D:prop></D:set>'
    "</D:propertyupdate>"
)
_LOCK = (
    b'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
    b"<D:owner>crash</D:owner></D:lockinfo>"
)
_PARTIAL_UPLOAD = "application/partial-upload"


class Request(Protocol):
    """One change."""

    def send(self, dav: Dav) -> Answer:
        """Send it; raises AssertionError if it is refused and one of NO_ANSWER if it is not answered."""

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        """Return what to expect when it is done."""


@dataclass(frozen=True)
class Put:
    """A whole file; its properties stay."""

    path: str
    content: bytes = field(repr=False)

    def send(self, dav: Dav) -> Answer:
        return dav.put(self.path, self.content)

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        old = before.things.get(self.path, FOLDER)
        return before.with_thing(self.path, Thing(self.content, _etag(answer), old.properties))


@dataclass(frozen=True)
class PutRange:
    """Bytes into a file."""

    path: str
    offset: int
    content: bytes = field(repr=False)

    def send(self, dav: Dav) -> Answer:
        last = self.offset + len(self.content) - 1
        return dav.expect("PUT", self.path, data=self.content, Content_Range=f"bytes {self.offset}-{last}/*")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        old = before.things[self.path]
        assert old.content is not None
        data = bytearray(old.content.ljust(self.offset + len(self.content), b"\0"))
        data[self.offset : self.offset + len(self.content)] = self.content
        return before.with_thing(self.path, replace(old, content=bytes(data), etag=_etag(answer)))


@dataclass(frozen=True)
class Mkcol:
    """A folder or a collection."""

    path: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("MKCOL", self.path)

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return before.with_thing(self.path, FOLDER)


@dataclass(frozen=True)
class Delete:
    """A file, a folder or a collection."""

    path: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("DELETE", self.path)

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return before.without(self.path)


@dataclass(frozen=True)
class Copy:
    """A copy of anything, in place of what is there."""

    path: str
    target: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("COPY", self.path, Destination=dav.url(self.target))

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        copied = {self.target + rest: thing for rest, thing in before.below(self.path).items()}
        rest = before.without(self.target)
        return replace(rest, things={**rest.things, **copied})


@dataclass(frozen=True)
class Move:
    """A new name for anything, in place of what is there."""

    path: str
    target: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("MOVE", self.path, Destination=dav.url(self.target))

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return Copy(self.path, self.target).after(before, answer).without(self.path)


@dataclass(frozen=True)
class Proppatch:
    """A dead property."""

    path: str
    value: str

    def send(self, dav: Dav) -> Answer:
        answer = dav.expect("PROPPATCH", self.path, data=_UPDATE.format(self.value).encode())
        assert b"200 OK" in answer.content, answer.content
        return answer

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        properties = ((PROPERTY, self.value),)
        return before.with_thing(self.path, replace(before.things[self.path], properties=properties))


@dataclass(frozen=True)
class Lock:
    """A lock on a name that nothing has, which makes an empty file of it."""

    path: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("LOCK", self.path, data=_LOCK, Depth="0", Timeout="Second-86400")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        locked = before.with_thing(self.path, Thing(b""))
        token = "" if answer is None else str(answer.headers["Lock-Token"]).strip("<>")
        return replace(locked, locks={**before.locks, token: self.path})


@dataclass(frozen=True)
class Unlock:
    """The end of a lock."""

    token: str
    path: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("UNLOCK", self.path, Lock_Token=f"<{self.token}>")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return replace(before, locks={token: path for token, path in before.locks.items() if token != self.token})


@dataclass(frozen=True)
class Commit:
    """A version of a collection."""

    collection: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("POST", f"_/api/collections/{self.collection}/commit", data=b"")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        if answer is None:
            return before
        made = json.loads(answer.content)
        key = self.collection, made["version"]
        return replace(before, versions={**before.versions, key: made["portable_data_hash"]})


@dataclass(frozen=True)
class Restore:
    """A copy of a file out of a version."""

    path: str
    thing: Thing = field(repr=False)
    target: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("COPY", self.path, Destination=dav.url(self.target))

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return before.with_thing(self.target, self.thing)


@dataclass(frozen=True)
class BeginUpload:
    """The first bytes of an upload in parts."""

    path: str
    content: bytes = field(repr=False)

    def send(self, dav: Dav) -> Answer:
        return dav.expect("PUT", self.path, data=self.content, Upload_Complete="?0")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        if answer is None:
            return before
        token = urlsplit(answer.headers["Location"]).path.rpartition("/")[2]
        return before.with_upload(token, Sent(self.content))


@dataclass(frozen=True)
class ContinueUpload:
    """More bytes of an upload; the last ones make it the file at ``path``."""

    token: str
    content: bytes = field(repr=False)
    offset: int
    path: str = ""

    def send(self, dav: Dav) -> Answer:
        headers = {"Upload_Offset": str(self.offset), "Upload_Complete": "?1" if self.path else "?0"}
        where = f"_/uploads/{self.token}"
        return dav.expect("PATCH", where, data=self.content, Content_Type=_PARTIAL_UPLOAD, **headers)

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        data = before.uploads[self.token].data + self.content
        sent = before.with_upload(self.token, Sent(data, complete=bool(self.path)))
        return sent.with_thing(self.path, Thing(data, _etag(answer))) if self.path else sent


@dataclass(frozen=True)
class GiveUpUpload:
    """The end of an upload that nobody wants."""

    token: str

    def send(self, dav: Dav) -> Answer:
        return dav.expect("DELETE", f"_/uploads/{self.token}")

    def after(self, before: Expected, answer: Answer | None) -> Expected:
        return replace(before, uploads={key: sent for key, sent in before.uploads.items() if key != self.token})


def _etag(answer: Answer | None) -> str | None:
    etag = None if answer is None else answer.headers["ETag"]
    return None if etag is None else etag.strip('"')
