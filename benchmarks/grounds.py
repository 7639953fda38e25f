"""What the workloads stand on: a tree for each kind of them, laid once for each server, and kept during the run.

A workload that changes its ground gets a copy. Copies are not deleted before the end of the run: on ext4, making files
is several times dearer for about a minute after many were deleted, and the next sample would pay for it. Only large
files go at once: they are few.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Client
from benchmarks.largefile import LargeFile
from benchmarks.peers.everyone import DAVSERVER
from benchmarks.peers.peer import Peer, Site
from benchmarks.peers.running import Running, site_of
from benchmarks.sizes import Sizes
from benchmarks.trees import CollectionTree, FolderTree, Tree

MILLION = "million"


@dataclass(frozen=True, slots=True)
class Material:
    """What trees are made of: how much of everything, and the large file."""

    sizes: Sizes
    large: LargeFile


@dataclass(frozen=True, slots=True)
class Ground:
    """A named tree; ``lay`` takes an empty one."""

    name: str
    lay: Callable[[Tree, Material], None]


def _nothing(_tree: Tree, _material: Material) -> None:
    pass


def _million(tree: Tree, material: Material) -> None:
    tree.file("small", bytes(material.sizes.small))
    if isinstance(tree, CollectionTree):
        tree.collection(MILLION, material.sizes.streams, 1_000)


EMPTY = Ground("empty", _nothing)
SMALL = Ground("small", lambda tree, of: tree.file("small", os.urandom(of.sizes.small)))
FOLDER = Ground("folder", lambda tree, of: tree.folder("folder", of.sizes.folder))
WIDE_FOLDER = Ground("wide-folder", lambda tree, of: tree.folder("folder", of.sizes.wide_folder))
CROWD = Ground("crowd", lambda tree, of: tree.folder("folder", of.sizes.crowd))
LARGE = Ground("large", lambda tree, of: tree.large("large", of.large.path))
MANY = Ground("many", _million)


class Grounds:
    """The grounds of one run, in a scratch folder that the caller removes. Not for threads."""

    def __init__(self, scratch: Path, sizes: Sizes) -> None:
        self._scratch = scratch
        self._copies = itertools.count()
        self.material = Material(sizes, LargeFile(scratch / "large", sizes.large))

    def site(self, peer: Peer, ground: Ground) -> Site:
        """Return the site of a ground that is only read; lay it if this is the first time."""
        folder = self._scratch / f"{peer.family or peer.name}-{ground.name}"
        laid = folder.exists()
        site = site_of(folder)
        if not laid:
            self._lay(peer, ground, site)
        return site

    def copy(self, peer: Peer, ground: Ground) -> Site:
        """Return a site of its own, to be changed."""
        original = self.site(peer, ground)
        site = site_of(self._scratch / f"copy-{next(self._copies)}")
        shutil.copytree(original.root, site.root, dirs_exist_ok=True)
        if not peer.ours:
            _open_to_all(site.root)
        return site

    def drop_large(self, site: Site) -> None:
        """Remove a copy that holds large files; one with many files stays until the end of the run."""
        if sum(path.stat().st_size for path in _files(site.root)) >= self.material.sizes.large:
            shutil.rmtree(site.root)

    def _lay(self, peer: Peer, ground: Ground, site: Site) -> None:
        if peer.ours:
            with Running(DAVSERVER, site) as running, Client(running.site.port) as client:
                tree = CollectionTree(client, site.root, DAVSERVER.prefix.strip("/"))
                ground.lay(tree, self.material)
                tree.commit()
        else:
            ground.lay(FolderTree(site.root), self.material)
            _open_to_all(site.root)


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def _open_to_all(root: Path) -> None:
    """Let a server that changes its user write: only folders matter, since a file is replaced, not changed."""
    for path in (root, *(path for path in root.rglob("*") if path.is_dir())):
        path.chmod(0o777)
