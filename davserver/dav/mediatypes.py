"""Content types of files.

Owns: the type of a file, declared or from its name; which types a browser may show in place.
Never: looks into the content, or at the machine's own tables: every installation answers alike.
"""

from __future__ import annotations

import re
from functools import lru_cache
from mimetypes import MimeTypes

from davserver.collection.filenode import FileNode

DEFAULT = "application/octet-stream"
FOLDER = "httpd/unix-directory"
"""What Apache says of a directory; KIO takes it for the sign of one."""

_COMPRESSED = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "compress": "application/x-compress",
}
_MORE = {
    ".7z": "application/x-7z-compressed",
    ".flac": "audio/flac",
    ".heic": "image/heic",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".mkv": "video/x-matroska",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


_SHOWN = re.compile(r"(?:(?:image|audio|video)/[a-z0-9.-]+|text/plain|application/pdf)(?: *;[^,]*)?\Z")


def is_shown(kind: str) -> bool:
    """Tell whether a browser may show a file in place: images, sound, films, plain text and PDF.

    All else it shall save: HTML, SVG and any other XML may hold script, and a page of a stranger at an address of ours
    may pose as ours even without. A list of several types is none: browsers take its last.
    """
    return _SHOWN.match(kind.lower()) is not None


def _table() -> MimeTypes:
    table = MimeTypes()
    for suffix, kind in _MORE.items():
        table.add_type(kind, suffix)
    return table


_TABLE = _table()


def type_of(name: str, file: FileNode) -> str:
    """Return the Content-Type of a file: what it was declared as, else what its name says."""
    return file.attributes.content_type or type_of_name(name)


def type_of_name(name: str) -> str:
    """Guess from the last suffixes of a name; cached by them, since listings ask for every file."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        return DEFAULT
    return _type_of_suffix("." + suffix.lower())


@lru_cache(maxsize=1024)
def _type_of_suffix(suffix: str) -> str:
    kind, compression = _TABLE.guess_type("x" + suffix)
    if compression is not None:
        return _COMPRESSED.get(compression, DEFAULT)
    if kind is None:
        return DEFAULT
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
