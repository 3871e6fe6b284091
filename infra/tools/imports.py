"""The modules that a function's code can import.

They are found in the syntax tree, so that nothing needs to be installed or run. Imports inside
functions are included.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST_PARTY = ("shared", "functions")


@cache
def find_modules(function: str, dynamic: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Returns the first-party files that a function can import, and the `__init__.py` of their
    packages; sorted, relative to the project root.

    Args:
        dynamic: modules that the function imports by a name in its settings.

    Raises:
        FileNotFoundError: one of `dynamic` is no first-party module.
    """
    modules: set[Path] = set()
    pending = [Path("functions") / function / "main.py", *map(_require_file, dynamic)]
    while pending:
        path = pending.pop()
        if path in modules:
            continue
        modules.add(path)
        pending += [parent / "__init__.py" for parent in path.parents if parent.name]
        names = _imported_names((ROOT / path).read_text(), path.parent.parts)
        pending += [file for name in names if (file := _find_file(name)) is not None]
    return tuple(sorted(modules))


def clear_caches() -> None:
    """Forgets what was found, after a change of the files or of ROOT."""
    find_modules.cache_clear()
    _find_file.cache_clear()


def find_work_modules(function: str) -> tuple[str, ...]:
    """Returns the modules that the sandbox processes of a function import, sorted."""
    sources = [(ROOT / path).read_text() for path in find_modules(function)]
    return tuple(sorted({name for source in sources for name in _work_modules(source)}))


@cache
def _work_modules(source: str) -> tuple[str, ...]:
    """Returns the modules that a file names in calls of `declare_work`."""
    if "declare_work" not in source:
        return ()
    return tuple(
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "declare_work"
    )


@cache
def _imported_names(source: str, package: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the dotted names that a file imports; for `from a import b` both `a` and `a.b`.

    The modules that a sandbox process imports (`declare_work`) are among them.
    """
    names = list(_work_modules(source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join([*parent, *(node.module.split(".") if node.module else [])])
            names += (base, *(f"{base}.{alias.name}" for alias in node.names))
    return tuple(names)


def _require_file(name: str) -> Path:
    """Returns the file of a first-party module. Raises FileNotFoundError."""
    path = _find_file(name)
    if path is None:
        raise FileNotFoundError(f"There is no module {name} in {' or '.join(FIRST_PARTY)}.")
    return path


@cache
def _find_file(name: str) -> Path | None:
    """Returns the file of a first-party module; None for any other name."""
    parts = name.split(".")
    if parts[0] not in FIRST_PARTY:
        return None
    for path in (Path(*parts).with_suffix(".py"), Path(*parts) / "__init__.py"):
        if (ROOT / path).is_file():
            return path
    return None
