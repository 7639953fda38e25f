"""What has no underscore says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.source import name_of, package_files

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_definitions(parent: Documented, prefix: str = "") -> Iterator[tuple[str, Documented]]:
    """Yield the public classes, functions and methods below a module or class."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node, f"{prefix}{node.name}.")


def is_variant(node: Documented) -> bool:
    """Tell whether a definition is an overload or a setter, whose docstring stands at the first one."""
    decorators = [] if isinstance(node, ast.Module) else [ast.unparse(each) for each in node.decorator_list]
    return any(each.endswith((".setter", "overload", "override")) for each in decorators)


def test_every_module_says_what_lives_there() -> None:
    silent = [name_of(path) for path in package_files() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_public_name_has_a_docstring() -> None:
    silent = [
        f"{name_of(path)}: {name}"
        for path in package_files()
        for name, node in public_definitions(ast.parse(path.read_text()))
        if not is_variant(node) and not ast.get_docstring(node)
    ]
    assert silent == []


def test_what_a_module_offers_to_all_exists() -> None:
    for path in package_files():
        module = ast.parse(path.read_text())
        defined = {
            name.asname or name.name
            for node in ast.walk(module)
            if isinstance(node, ast.ImportFrom | ast.Import)
            for name in node.names
        }
        defined |= {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
        defined |= {node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        assert set(offered(module)) <= defined, name_of(path)


def offered(module: ast.Module) -> Iterator[str]:
    """Yield the entries of ``__all__``."""
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from ast.literal_eval(node.value)
