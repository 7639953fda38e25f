"""The project's own files, as the tests about the code read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "davserver"
LEFT_OUT = {".git", ".venv", "build", "dist", "__pycache__", "davserver-data"}
BINARY = {".png", ".ico", ".pyc"}


def package_files() -> list[Path]:
    """Return the package's modules."""
    return sorted(PACKAGE.rglob("*.py"))


def text_files() -> Iterator[Path]:
    """Yield every file a clone has that people read."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            hidden_tool_folder = path.is_dir() and path.name.startswith(".") and path.name != ".ci"
            if path.name in LEFT_OUT or path.name.endswith(".egg-info") or hidden_tool_folder:
                continue
            if path.is_dir():
                folders.append(path)
            elif path.suffix not in BINARY:
                yield path


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module, methods too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name_of(path: Path) -> str:
    """Name a file as people do in this project."""
    return path.relative_to(ROOT).as_posix()
