"""The URL space: request targets to what they name, and back to hrefs.

Owns: percent-decoding (once, per segment, after the split), reserved root names, version folder names, hrefs.
Never: a lookup; that a target parses says nothing about whether it exists.
Follows: RFC 3986 sections 2.1, 3.3 and 6; the URL space of the project's design.

::

    /                                  Root
    /NAME/path...                      InCollection (by name)
    /by_id/                            ByIdRoot
    /by_id/UUID/path...                InCollection (by uuid)
    /by_id/MD5+SIZE/path...            InContent, read-only
    /history/                          HistoryRoot
    /history/NAME/                     HistoryOf, read-only
    /history/NAME/TIME-NUMBER/path...  InVersion, read-only
    /_/uploads/TOKEN                   InUpload, no WebDAV resource
    /_/zip/...                         InZip: any of the above as a zip, no WebDAV resource
    /_/preview/...                     InPreview: a PDF of any of the above, to be framed, no WebDAV resource
    /_/...                             not WebDAV: refused here
    /remote.php/dav/uploads/USER/ID/NAME   InChunks, no WebDAV resource

Invariants: a name never holds a slash or NUL and is never a dot segment; parsing an href gives the target it was
made from; ``%2F`` is never a separator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from davserver.dav.faults import BadRequest
from davserver.dav.httpdate import format_rfc3339
from davserver.errors import InvalidName, LocatorError, NotFound
from davserver.values import PDH, TreePath, check_name, is_collection_uuid

BY_ID = "by_id"
HISTORY = "history"
SERVICE = "_"
UPLOADS = "uploads"
ZIPS = "zip"
PREVIEWS = "preview"
CHUNKS = ("remote.php", "dav", "uploads")

"""More than any client's file system makes: 255 UTF-16 units are up to 765 bytes."""
_SAFE = "-._~!$()*,"
_PLAIN = re.compile(r"[-\w.~!$()*,]*\Z", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VERSION_FOLDER = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-(\d{6,19})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Root:
    """The list of collections."""

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return ()


@dataclass(frozen=True, slots=True)
class InCollection:
    """A place in a collection's live tree; ``key`` is its name or, with ``by_uuid``, its uuid."""

    key: str
    path: TreePath
    by_uuid: bool = False

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (BY_ID, self.key, *self.path) if self.by_uuid else (self.key, *self.path)


@dataclass(frozen=True, slots=True)
class ByIdRoot:
    """The folder of uuids and portable data hashes; it lists nothing."""

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (BY_ID,)


@dataclass(frozen=True, slots=True)
class InContent:
    """A place in the immutable tree that a portable data hash names."""

    pdh: PDH
    path: TreePath

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (BY_ID, str(self.pdh), *self.path)


@dataclass(frozen=True, slots=True)
class HistoryRoot:
    """The folder of all histories."""

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (HISTORY,)


@dataclass(frozen=True, slots=True)
class HistoryOf:
    """The list of a collection's versions."""

    name: str

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (HISTORY, self.name)


@dataclass(frozen=True, slots=True)
class InVersion:
    """A place in the tree of one version; ``folder`` is the version's folder name, ``number`` is read from it."""

    name: str
    folder: str
    number: int
    path: TreePath

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (HISTORY, self.name, self.folder, *self.path)


@dataclass(frozen=True, slots=True)
class InUpload:
    """A resumable upload that is not linked yet."""

    token: str

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (SERVICE, UPLOADS, self.token)


@dataclass(frozen=True, slots=True)
class InChunks:
    """The folder of a Nextcloud client's chunked upload, ``name`` "", or something in it."""

    user: str
    upload: str
    name: str

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (*CHUNKS, self.user, self.upload, *([self.name] if self.name else []))


@dataclass(frozen=True, slots=True)
class InZip:
    """A folder as one zip."""

    of: Resources

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (SERVICE, ZIPS, *self.of.segments)


@dataclass(frozen=True, slots=True)
class InPreview:
    """A file as the page shows it in a frame."""

    of: Resources

    @property
    def segments(self) -> TreePath:
        """Return the names of the URL path from the root down."""
        return (SERVICE, PREVIEWS, *self.of.segments)


Resources = Root | InCollection | ByIdRoot | InContent | HistoryRoot | HistoryOf | InVersion
Target = Resources | InUpload | InChunks | InZip | InPreview


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL path: what it names, and whether it ended with a slash (the client takes it for a folder)."""

    target: Target
    slash: bool


@lru_cache(maxsize=256)
def parse_address(raw_path: str) -> Address:
    """Read a still percent-encoded absolute path, as it stood in the request line or a Destination.

    Empty segments are dropped (``//`` is ``/``), and bare dots: rclone puts ``./`` before a name with a colon, as in a
    relative reference. Characters above ASCII are taken for the bytes of their latin-1 code, as WSGI hands them over.
    Raises BadRequest for what is no path of ours, NotFound for reserved places.
    """
    if not raw_path.startswith("/"):
        raise BadRequest("the path is not absolute")
    if _BAD_ESCAPE.search(raw_path):
        raise BadRequest("a percent sign without two hexadecimal digits")
    segments = tuple(_decode(segment) for segment in raw_path.split("/") if segment not in {"", "."})
    return Address(target_of(segments), raw_path.endswith("/"))


def _decode(segment: str) -> str:
    if "%" not in segment and segment.isascii():
        name = segment
    else:
        try:
            name = unquote_to_bytes(segment.encode("latin-1")).decode("utf-8")
        except UnicodeError:
            raise BadRequest("a name that is not UTF-8") from None
    try:
        check_name(name)
    except InvalidName as error:
        raise BadRequest(f"no name can be like this: {error.reason}") from None
    return name


def target_of(segments: TreePath) -> Target:
    """Tell what decoded names from the root down mean; raises NotFound for what the space does not hold."""
    if not segments:
        return Root()
    first, rest = segments[0], segments[1:]
    if first == BY_ID:
        return _by_id(rest)
    if first == HISTORY:
        return _history(rest)
    if segments[: len(CHUNKS)] == CHUNKS and len(segments) - len(CHUNKS) in {2, 3}:
        user, upload, *names = segments[len(CHUNKS) :]
        return InChunks(user, upload, "".join(names))
    if first == SERVICE:
        return _service(rest)
    if first == CHUNKS[0]:
        raise NotFound("not a WebDAV resource")
    return InCollection(first, rest)


def _service(segments: TreePath) -> Target:
    if segments[:1] == (UPLOADS,) and len(segments) == 2:
        return InUpload(segments[1])
    if segments[:1] in {(ZIPS,), (PREVIEWS,)} and segments[1:2] != (SERVICE,):
        target = target_of(segments[1:])
        if isinstance(target, Resources):
            return InZip(target) if segments[0] == ZIPS else InPreview(target)
    raise NotFound("not a WebDAV resource")


def _by_id(segments: TreePath) -> Target:
    if not segments:
        return ByIdRoot()
    key, path = segments[0], segments[1:]
    if is_collection_uuid(key):
        return InCollection(key, path, by_uuid=True)
    try:
        return InContent(PDH.parse(key), path)
    except LocatorError:
        raise NotFound("neither a collection uuid nor a portable data hash") from None


def _history(segments: TreePath) -> Target:
    if not segments:
        return HistoryRoot()
    if len(segments) == 1:
        return HistoryOf(segments[0])
    match = _VERSION_FOLDER.match(segments[1])
    if match is None:
        raise NotFound("no version has this name")
    return InVersion(segments[0], segments[1], int(match[1]), segments[2:])


def version_folder(number: int, created_s: int) -> str:
    """Name the folder of a version: UTC time without colons (Windows) and number, ``2026-11-22T215900Z-000012``."""
    return f"{format_rfc3339(created_s).replace(':', '')}-{number:06d}"


def quote_name(name: str) -> str:
    """Percent-encode one name so that it needs no escape in XML or HTML either."""
    if _PLAIN.match(name):
        return name
    return quote(name, safe=_SAFE, errors="surrogateescape")


def href_of(prefix: str, segments: TreePath, *, folder: bool) -> str:
    """Write the href: an absolute path, percent-encoded, with a slash at the end of folders.

    ``prefix`` is where a proxy publishes us: already encoded, without a slash at its end, "" for none.
    """
    if not segments:
        return prefix + "/"
    path = prefix + "/" + "/".join(map(quote_name, segments))
    return path + "/" if folder else path
