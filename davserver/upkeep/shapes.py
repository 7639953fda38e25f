"""The JSON shapes of history, the same on the command line and over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from davserver.catalog.model import Version
from davserver.collection.compare import Comparison
from davserver.collection.dirnode import DirNode, Node
from davserver.values import format_path


def utc(time_ns: int) -> str:
    """Write a time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def version_json(version: Version) -> dict[str, Any]:
    """Return a version."""
    return {
        "version": version.number,
        "created": utc(version.created_ns),
        "files": version.files,
        "bytes": version.bytes,
        "portable_data_hash": str(version.pdh),
        "label": version.label,
        "message": version.message,
        "kept": version.kept,
    }


def node_json(node: Node | None) -> dict[str, Any]:
    """Return what a path is in some version."""
    if node is None:
        return {"kind": None, "path_bytes": None}
    return {"kind": "folder" if isinstance(node, DirNode) else "file", "path_bytes": bytes_of(node)}


def comparison_json(one: Comparison) -> dict[str, Any]:
    """Return an entry of a comparison; sizes in bytes, of a folder those of all in it."""
    shown = one.new if one.new is not None else one.old
    result: dict[str, Any] = {
        "status": one.status.value,
        "path": format_path(one.path),
        "kind": "folder" if isinstance(shown, DirNode) else "file",
    }
    if one.source is not None:
        result["from"] = format_path(one.source)
    for key, node in (("old", one.old), ("new", one.new)):
        if node is not None:
            result[f"{key}_bytes"] = bytes_of(node)
            if isinstance(node, DirNode):
                result[f"{key}_files"] = node.files
    return result


def bytes_of(node: Node) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return node.bytes if isinstance(node, DirNode) else node.size
