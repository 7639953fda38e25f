"""What may be said of a version.

Owns: the limits of labels and messages.
Why a label cannot be digits, ``live`` or hold a plus sign: it stands where a version's number, the live state or a
portable data hash may stand, too.
"""

from __future__ import annotations

import re

from davserver.catalog.model import Annotation
from davserver.errors import Invalid

MAX_LABEL_CHARS = 100
MAX_MESSAGE_CHARS = 10_000
_LABEL = re.compile(r"[^\s/+\x00-\x1f\x7f-\x9f](?:[^/+\x00-\x1f\x7f-\x9f]*[^\s/+\x00-\x1f\x7f-\x9f])?\Z")
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_annotation(note: Annotation) -> None:
    """Raise Invalid for a label or message that cannot be."""
    if note.label:
        if len(note.label) > MAX_LABEL_CHARS or not _LABEL.match(note.label) or _NOT_TEXT.search(note.label):
            raise Invalid(f"a label is a line of up to {MAX_LABEL_CHARS} characters without / and +: {note.label!r}")
        if note.label == "live" or (note.label.isascii() and note.label.isdecimal()):
            raise Invalid(f"this means something else where a version is named: {note.label!r}")
    if note.message and (len(note.message) > MAX_MESSAGE_CHARS or _NOT_TEXT.search(note.message)):
        raise Invalid(f"a message is a text of up to {MAX_MESSAGE_CHARS} characters")
