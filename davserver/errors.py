"""The exception tree: every way davserver says no.

Owns: the domain's failures as types with typed fields and a hint.
Never: an HTTP status (``dav/status.py`` maps each type in one table) or a log line.

::

    DavserverError
        Invalid                  what was asked for makes no sense
            InvalidName          a name no collection can hold
                NameTooLong      or one too long for it
            ManifestError        malformed manifest text (line, reason)
            LocatorError         malformed locator or portable data hash
            ConfigError          a setting (key, hint)
            UnknownVersion       no such version of a collection
            UnknownBlocks        a manifest names blocks that are not in the store
        NotFound                 nothing at this path or of this name
        Exists                   something is there already
        NotADirectory            a path leads through a file
        IsADirectory             bytes were asked of a directory
        DirectoryNotEmpty        remove without recursion
        InvalidOperation         not possible here (move into itself, root, ...)
            Unpackable           no zip can hold it
        ReadOnly                 immutable content or a handle without the right
        WriteOnly                read from a handle opened for writing only
        Incomplete               a body ended early (expected, got)
        DigestMismatch           a body does not match its declared digest
        PreconditionFailed       a condition of the request does not hold
        Locked                   a lock stands in the way
        QuotaExceeded            the change would exceed a limit
        TooManyUploads           somebody has as much in open uploads as they may
        UploadOvertaken          another request goes on with an upload
        FileTooLarge             a file may not be that long (size, limit)
        BlockError
            BlockMissing         the store has no such block
            BlockCorrupt         its bytes do not match its hash
            BlockCollision       equal hash, other bytes
            BlockTooLarge        more than 64 MiB
        StoreUnavailable         try again later (retry_after_s)
            CatalogBusy          the database is locked by others
            AlreadyAtWork        another process does what only one may do
        StoreFull                no space left (retry_after_s)
        Implausible              a result that is more likely an accident than the truth
        CatalogCorrupt           a row of the catalog is not what was stored
            JournalCorrupt       a journal entry that cannot be read, or is missing
            RecordCorrupt        a directory record that is missing or damaged
        NotPermitted             the principal has no right to do this
            InsecureChannel      a password would travel in the clear
        NotAuthenticated         nobody was named, or the credentials are wrong
        TooManyGuesses           wrong credentials too often (retry_after_s)
"""

from __future__ import annotations


class DavserverError(Exception):
    """Base of all failures davserver raises on purpose.

    ``hint`` says what the reader of the message can do about it; ``exit_code`` is the command line's status.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Invalid(DavserverError):
    """What was asked for makes no sense; nothing was changed."""

    exit_code = 2


class InvalidName(Invalid):
    """A name that no collection can hold."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"invalid name {name!r}: {reason}")
        self.name = name
        self.reason = reason


class NameTooLong(InvalidName):
    """A name of more than ``limit`` bytes."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name[:40] + "...", f"longer than {limit} bytes")
        self.limit = limit


class ManifestError(Invalid):
    """Malformed manifest text; ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"manifest line {line}: {reason}")
        self.line = line
        self.reason = reason


class LocatorError(Invalid):
    """A text that is not a locator or portable data hash."""


class ConfigError(Invalid):
    """A setting that cannot be used; ``key`` names it."""

    def __init__(self, key: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{key}: {reason}", hint=hint)
        self.key = key


class UnknownVersion(Invalid):
    """A collection has no version of this number."""


class UnknownBlocks(Invalid):
    """A manifest names ``count`` blocks that the store does not have; ``locators`` are the first ones, with why."""

    def __init__(self, locators: tuple[str, ...], count: int) -> None:
        more = f" and {count - len(locators)} more" if count > len(locators) else ""
        hint = "bring them into the store first, or import with --unchecked"
        super().__init__(f"blocks missing from the store: {', '.join(locators)}{more}", hint=hint)
        self.locators = locators
        self.count = count


class NotFound(DavserverError):
    """Nothing exists at this path or under this name."""


class Exists(DavserverError):
    """Something exists already where something new was to be made."""


class NotADirectory(DavserverError):
    """A path leads through a file, or a directory was needed."""


class IsADirectory(DavserverError):
    """Bytes were asked of a directory."""


class DirectoryNotEmpty(DavserverError):
    """A directory with children was to be removed without recursion."""


class InvalidOperation(DavserverError):
    """Not possible here: a directory into itself, a replaced root, bad open flags."""


class Unpackable(InvalidOperation):
    """A folder of which no zip can be made: a path or a number of members beyond what that holds."""


class ReadOnly(DavserverError):
    """The content is immutable, or the handle was not opened for writing."""


class WriteOnly(DavserverError):
    """The handle was opened for writing only."""


class Incomplete(DavserverError):
    """A body ended before its declared length; ``None`` is a chunked body without its end."""

    def __init__(self, expected: int | None, got: int) -> None:
        declared = "its last chunk" if expected is None else f"{expected} bytes"
        super().__init__(f"the body ended after {got} bytes, before {declared}")
        self.expected = expected
        self.got = got


class DigestMismatch(DavserverError):
    """A body does not have the digest that was declared for it."""

    def __init__(self, algorithm: str, expected: str, got: str) -> None:
        super().__init__(f"the body's {algorithm} is {got}, not {expected}")
        self.algorithm = algorithm
        self.expected = expected
        self.got = got


class PreconditionFailed(DavserverError):
    """A condition of the request (If-Match, Overwrite, ...) does not hold; ``code`` is an RFC 4918 element or ""."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Locked(DavserverError):
    """A lock stands in the way; ``paths`` are the lock roots as the client would name them."""

    def __init__(self, paths: tuple[str, ...], *, code: str = "lock-token-submitted") -> None:
        super().__init__("locked: " + ", ".join(paths))
        self.paths = paths
        self.code = code


class QuotaExceeded(DavserverError):
    """The change would need ``need`` bytes where ``left`` are left."""

    def __init__(self, need: int, left: int) -> None:
        super().__init__(f"{need} bytes do not fit into the {left} bytes left")
        self.need = need
        self.left = left


class TooManyUploads(DavserverError):
    """Somebody has as many uploads open, or as many bytes in them, as one account may have."""

    def __init__(self, what: str) -> None:
        super().__init__(what, hint="finish uploads or give some up (DELETE); those left alone end after 24 hours")


class UploadOvertaken(DavserverError):
    """Another request took an upload over since this one began: nothing more is added to it by this one."""


class FileTooLarge(DavserverError):
    """A file would become ``size`` bytes long where ``limit`` is the most."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a file of {size} bytes; the most is {limit}")
        self.size = size
        self.limit = limit


class BlockError(DavserverError):
    """Something about one block; ``locator`` is its text."""

    def __init__(self, locator: str, message: str) -> None:
        super().__init__(f"block {locator}: {message}")
        self.locator = locator
        self.reason = message


class BlockMissing(BlockError):
    """The store has no such block."""

    def __init__(self, locator: str) -> None:
        super().__init__(locator, "missing from the store")


class BlockCorrupt(BlockError):
    """The store's bytes do not match the block's hash or size."""


class BlockCollision(BlockError):
    """Another content with the same hash is stored already."""

    def __init__(self, locator: str) -> None:
        super().__init__(locator, "the store holds other bytes under the same hash")


class BlockTooLarge(BlockError):
    """A block is at most 64 MiB."""


class StoreUnavailable(DavserverError):
    """A store or database does not answer now; trying again may help."""

    def __init__(self, message: str, *, retry_after_s: int = 5, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class CatalogBusy(StoreUnavailable):
    """The catalog is locked by another process for too long."""


class AlreadyAtWork(StoreUnavailable):
    """Another process does now what only one may do at a time."""


class Implausible(DavserverError):
    """What would be done is more likely an accident than what somebody wants; nothing was done."""


class StoreFull(DavserverError):
    """No space is left for blocks or for the catalog; somebody has to make some."""

    def __init__(self, message: str, *, retry_after_s: int = 60, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class CatalogCorrupt(DavserverError):
    """The catalog, or a row of it, is missing or not what was stored; trying again does not help, the rest is well."""


class JournalCorrupt(CatalogCorrupt):
    """A journal entry is not what davserver writes, or not there; nothing was applied."""


class RecordCorrupt(CatalogCorrupt):
    """A directory record is missing from the catalog or not what was stored; ``record`` is its hash."""

    def __init__(self, record: str, reason: str) -> None:
        super().__init__(f"directory record {record}: {reason}", hint="run davserver fsck")
        self.record = record


class NotPermitted(DavserverError):
    """The principal has no right to do this."""


class InsecureChannel(NotPermitted):
    """Credentials are needed, and on this connection others could read them."""


class NotAuthenticated(DavserverError):
    """Nobody said who they are where that is needed, or what they said is wrong."""


class TooManyGuesses(DavserverError):
    """Wrong credentials came too often; none are looked at for a while."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many wrong passwords or tokens", hint=f"wait {retry_after_s} s")
        self.retry_after_s = retry_after_s
