"""The records of a zip file, and how long each is.

Owns: local headers, data descriptors, the central directory's headers and its end; times and flags in them.
Never: a tree, a file's bytes, I/O; every function is pure.
Follows: PKWARE APPNOTE 6.3.10 sections 4.3 (records), 4.4 (fields), 4.5.3 (ZIP64), appendix D (UTF-8); Info-ZIP's
``extrafld.txt`` (0x5455, times in UTC).
Invariants: the length of a record follows from the member, and for the central directory from its place: never from a
CRC-32. ZIP64 fields appear only where a plain one does not hold the value, since old readers know only the plain ones.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

LATE_BYTES = 1 << 20
"""The CRC-32 of a larger file stands behind its bytes; a smaller file is read before its header is written."""
MAX_NAME_BYTES = 0xFFFF
_FULL32 = 0xFFFFFFFF
_FULL16 = 0xFFFF

_LOCAL = struct.Struct("<4s5H3I2H")
_DESCRIPTOR = struct.Struct("<4sIII")
_DESCRIPTOR64 = struct.Struct("<4sIQQ")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")
_TIME = struct.Struct("<HHBi")
_SIZES64 = struct.Struct("<HHQQ")
_PLACE64 = struct.Struct("<HHQ")

_LATE_SUM = 1 << 3
_UTF8 = 1 << 11
_VERSION, _VERSION64 = 20, 45
_UNIX = 3 << 8
"""Who made the file: so readers know that a backslash in a name is no separator."""
_FOLDER_MODE = 0o40755 << 16 | 0x10
_FILE_MODE = 0o100644 << 16
_STORED = 0
_FIRST_DOS_S = 315_532_800
_LAST_DOS_S = 4_354_819_198
_LAST_UNIX_S = (1 << 31) - 1


class Member(NamedTuple):
    """A file or folder in the zip: its whole name as bytes, a folder's with a slash at its end."""

    name: bytes
    is_utf8: bool
    is_folder: bool
    size: int
    mtime_s: int

    @property
    def is_late(self) -> bool:
        """Whether its CRC-32 stands behind its bytes."""
        return self.size > LATE_BYTES

    @property
    def flags(self) -> int:
        """The general purpose flags."""
        return (_LATE_SUM if self.is_late else 0) | (_UTF8 if self.is_utf8 else 0)


def local_header(member: Member, crc: int, zone: tzinfo) -> bytes:
    """Write what stands before a member's bytes; ``crc`` is not looked at if it comes late."""
    name, size = member.name, member.size
    extra, version = _time_extra(member), _VERSION
    if size >= _FULL32:
        extra += _SIZES64.pack(1, 16, 0, 0)  # late, as all of this size: the descriptor tells
        version = _VERSION64
    told = (0, 0, 0) if member.is_late else (crc, size, size)
    if size >= _FULL32:
        told = (0, _FULL32, _FULL32)
    time, date = dos_time(member.mtime_s, zone)
    head = _LOCAL.pack(b"PK\3\4", version, member.flags, _STORED, time, date, *told, len(name), len(extra))
    return head + name + extra


def local_header_length(member: Member) -> int:
    """Return the length of ``local_header``."""
    sizes = _SIZES64.size if member.size >= _FULL32 else 0
    return _LOCAL.size + len(member.name) + _time_extra_length(member) + sizes


def descriptor(member: Member, crc: int) -> bytes:
    """Write what stands behind the bytes of a member whose CRC-32 comes late."""
    form = _DESCRIPTOR64 if member.size >= _FULL32 else _DESCRIPTOR
    return form.pack(b"PK\7\10", crc, member.size, member.size)


def descriptor_length(member: Member) -> int:
    """Return the length of ``descriptor``, 0 where there is none."""
    if not member.is_late:
        return 0
    return (_DESCRIPTOR64 if member.size >= _FULL32 else _DESCRIPTOR).size


def central_header(member: Member, place: int, crc: int, zone: tzinfo) -> bytes:
    """Write a member's entry in the central directory; ``place`` is the offset of its local header."""
    extra = _time_extra(member)
    size, offset, version = member.size, place, _VERSION
    wide = [number for number in (size, size, place) if number >= _FULL32]
    if wide:
        extra += struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide)
        size, offset, version = min(size, _FULL32), min(place, _FULL32), _VERSION64
    time, date = dos_time(member.mtime_s, zone)
    mode = _FOLDER_MODE if member.is_folder else _FILE_MODE
    made = (_UNIX | version, version, member.flags, _STORED, time, date)
    lengths = (len(member.name), len(extra), 0, 0, 0)
    return _CENTRAL.pack(b"PK\1\2", *made, crc, size, size, *lengths, mode, offset) + member.name + extra


def central_header_length(member: Member, place: int) -> int:
    """Return the length of ``central_header``."""
    wide = (16 if member.size >= _FULL32 else 0) + (8 if place >= _FULL32 else 0)
    return _CENTRAL.size + len(member.name) + _time_extra_length(member) + (4 + wide if wide else 0)


def end_records(members: int, place: int, length: int) -> bytes:
    """Write the end of the file: behind a central directory of ``length`` bytes at offset ``place``."""
    end = b""
    if members >= _FULL16 or place >= _FULL32 or length >= _FULL32:
        counts = (members, members, length, place)
        end = _END64.pack(b"PK\6\6", _END64.size - 12, _UNIX | _VERSION64, _VERSION64, 0, 0, *counts)
        end += _LOCATOR64.pack(b"PK\6\7", 0, place + length, 1)
    shown = min(members, _FULL16)
    return end + _END.pack(b"PK\5\6", 0, 0, shown, shown, min(length, _FULL32), min(place, _FULL32), 0)


def dos_time(seconds: int, zone: tzinfo) -> tuple[int, int]:
    """Return (time, date) as MS-DOS keeps them: local time in steps of two seconds, from 1980 to 2107.

    What lies outside becomes the nearest there is.
    """
    moment = datetime.fromtimestamp(min(max(seconds, _FIRST_DOS_S), _LAST_DOS_S), UTC).astimezone(zone)
    if moment.year < 1980:
        return 0, 1 << 5 | 1
    if moment.year > 2107:
        return 23 << 11 | 59 << 5 | 29, 127 << 9 | 12 << 5 | 31
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (moment.year - 1980) << 9 | moment.month << 5 | moment.day


def _has_time(member: Member) -> bool:
    """Tell whether the time fits the field for UTC: 32 bits with a sign."""
    return -_LAST_UNIX_S <= member.mtime_s <= _LAST_UNIX_S


def _time_extra(member: Member) -> bytes:
    return _TIME.pack(0x5455, 5, 1, member.mtime_s) if _has_time(member) else b""


def _time_extra_length(member: Member) -> int:
    return _TIME.size if _has_time(member) else 0
