"""The modules that a function's code can import.

Found in the syntax alone, so that nothing has to be installed or run. Imports inside of functions
count: they may happen.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST_PARTY = ("shared", "functions")


@cache
def find_modules(function: str) -> tuple[Path, ...]:
    """Every file of ours that a function can import, and the packages that they lie in; sorted,
    relative to the project's root."""
    found: set[Path] = set()
    front = [Path("functions") / function / "main.py"]
    while front:
        path = front.pop()
        if path in found:
            continue
        found.add(path)
        front += [parent / "__init__.py" for parent in path.parents if parent.name]
        imported = _imported(_source(path), path.parent.parts)
        front += [one for name in imported if (one := _file(name)) is not None]
    return tuple(sorted(found))


@cache
def _imported(source: str, package: tuple[str, ...]) -> tuple[str, ...]:
    """The dotted names that a file imports; of `from a import b` both `a` and `a.b`."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join([*above, *(node.module.split(".") if node.module else [])])
            found += (base, *(f"{base}.{alias.name}" for alias in node.names))
    return tuple(found)


def _file(name: str) -> Path | None:
    """Where a module of ours stands; None for what is somebody else's or no module."""
    parts = name.split(".")
    if parts[0] not in FIRST_PARTY:
        return None
    for path in (Path(*parts).with_suffix(".py"), Path(*parts) / "__init__.py"):
        if (ROOT / path).is_file():
            return path
    return None


def _source(path: Path) -> str:
    return (ROOT / path).read_text()
