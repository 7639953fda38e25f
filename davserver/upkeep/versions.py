"""Checking that versions still are what their portable data hash says.

Owns: the manifest text of each version, made again or as it was kept, against the hash in its row.
Never: reads a block.
"""

from __future__ import annotations

from collections.abc import Callable

from davserver.catalog.model import Collection, Version
from davserver.collection.load import load_lines
from davserver.collection.marshal import seal
from davserver.errors import DavserverError, StoreUnavailable
from davserver.live.house import House
from davserver.live.views import VersionView
from davserver.manifest.pdh import PdhHasher
from davserver.upkeep.report import Finding, Kind
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
            self._complain(view, Kind.VERSION, "its row has other totals than its root directory")
        identity = (version.root, version.pdh, version.text)
        if identity not in self._good and self._is_reproducible(view):
            self._good.add(identity)

    def _is_reproducible(self, view: VersionView) -> bool:
        try:
            hasher = PdhHasher()
            for line in self._house.manifest(view):
                hasher.update(line)
            if hasher.pdh() != view.version.pdh:
                self._complain(view, Kind.MANIFEST, f"its text has the hash {hasher.pdh()}, not {view.version.pdh}")
                return False
            if view.version.text and self._root_of_text(view) != view.version.root:
                self._complain(view, Kind.MANIFEST, "the text it was imported from makes another tree")
                return False
        except StoreUnavailable:
            if not view.version.text or self._has_text(view.version.pdh):
                raise
            self._complain(view, Kind.MANIFEST, "the text it was imported from is missing from the catalog")
            return False
        except DavserverError as error:
            self._complain(view, Kind.MANIFEST, error.message)
            return False
        return True

    def _root_of_text(self, view: VersionView) -> str | None:
        return seal(load_lines(self._house.manifest(view)), lambda _record: None).record

    def _has_text(self, pdh: PDH) -> bool:
        with self._house.read_catalog() as tables:
            return tables.texts.get(pdh) is not None

    def _complain(self, view: VersionView, kind: Kind, message: str) -> None:
        number = view.version.number
        self._report(Finding(kind=kind, subject=view.info.name, message=f"version {number}: {message}"))
