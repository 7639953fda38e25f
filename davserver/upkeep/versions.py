"""Checking that versions still are what their portable data hash says.

Owns: the manifest text of each version, made again or as it was kept, against the hash in its row.
Never: reads a block.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from davserver.catalog.model import Collection, Version
from davserver.catalog.versions import Damaged
from davserver.collection.load import load_lines
from davserver.collection.marshal import seal
from davserver.errors import DavserverError, StoreUnavailable
from davserver.live.house import House
from davserver.live.views import VersionView
from davserver.manifest.pdh import PdhHasher
from davserver.upkeep.mending import correct_pdh, correct_totals
from davserver.upkeep.report import Finding, Fix, Kind
from davserver.upkeep.trees import Trees
from davserver.values import PDH


class Versions:
    """Checks versions; those with an equal tree and hash are marshalled once."""

    def __init__(self, house: House, trees: Trees, report: Callable[[Finding], None]) -> None:
        self._house = house
        self._trees = trees
        self._report = report
        self._good: set[tuple[str, PDH, bool]] = set()

    def check(self, row: Collection, version: Version) -> None:
        """Check one version: its records, its totals, its text."""
        if not self._trees.check_record(version.root):
            return  # the record was reported; the text cannot be made
        view = VersionView(row, version, self._house.directories.root(version.root))
        if (view.root.files, view.root.bytes) != (version.files, version.bytes):
            fix = partial(correct_totals, version, view.root.files, view.root.bytes)
            self._complain(view, Kind.VERSION, "its row has other totals than its root directory", fix)
        identity = (version.root, version.pdh, version.text)
        if identity not in self._good and self._is_reproducible(view):
            self._good.add(identity)

    def check_damaged(self, row: Collection, damaged: Damaged) -> None:
        """Report a version whose row cannot be read, after a look at its records."""
        is_sound = self._trees.check_record(damaged.root)
        fix = partial(correct_pdh, damaged) if is_sound else None
        message = f"version {damaged.number}: {damaged.error.message}"
        self._report(Finding(kind=Kind.VERSION, subject=row.name, message=message, fix=fix))

    def _is_reproducible(self, view: VersionView) -> bool:
        fix = partial(correct_pdh, view.version)
        try:
            hasher = PdhHasher()
            for line in self._house.manifest(view):
                hasher.update(line)
            if hasher.pdh() != view.version.pdh:
                message = f"its text has the hash {hasher.pdh()}, not {view.version.pdh}"
                self._complain(view, Kind.MANIFEST, message, fix)
                return False
            if view.version.text and self._root_of_text(view) != view.version.root:
                self._complain(view, Kind.MANIFEST, "the text it was imported from makes another tree")
                return False
        except StoreUnavailable:
            raise
        except DavserverError as error:
            self._complain(view, Kind.MANIFEST, error.message, fix)
            return False
        return True

    def _root_of_text(self, view: VersionView) -> str | None:
        return seal(load_lines(self._house.manifest(view)), lambda _record: None).record

    def _complain(self, view: VersionView, kind: Kind, message: str, fix: Fix | None = None) -> None:
        number = view.version.number
        self._report(Finding(kind=kind, subject=view.info.name, message=f"version {number}: {message}", fix=fix))
