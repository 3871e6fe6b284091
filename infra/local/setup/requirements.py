"""Reads lock files: requirements pinned to exact versions, each with the hashes of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;]+)"
    r"(?: ; (?P<marker>.+?))?(?P<hashes>(?: --hash=\S+)*)"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement of a lock file."""

    name: str
    """As PEP 503 normalizes it."""
    version: str
    marker: str
    """The environment marker (PEP 508), or "" when the requirement holds everywhere."""
    hashes: tuple[str, ...]
    """`algorithm:hexdigest` of every file that may be installed."""

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def split_logical_lines(text: str) -> list[str]:
    """The requirements and options of a file: comments removed, continuation lines joined.

    Runs of white space become one space. Comments go first, as in pip: one may stand between the
    lines that a backslash continues.
    """
    kept = (re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in text.splitlines())
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in kept if line))
    return [" ".join(line.split()) for line in joined.splitlines()]


def normalize_name(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_lock(text: str) -> list[Pin]:
    """The pins of a lock file, in its order.

    Raises:
        ValueError: a line is not of the form `name==version [; marker] [--hash=…]…`.
    """
    return [_parse_pin(line) for line in split_logical_lines(text)]


def read_lock(path: Path) -> list[Pin]:
    """The pins of the lock file at `path`."""
    return parse_lock(path.read_text())


def _parse_pin(line: str) -> Pin:
    found = _PIN.fullmatch(line)
    if found is None:
        raise ValueError(f"Not a pinned requirement: {line}")
    hashes = tuple(one.removeprefix("--hash=") for one in found["hashes"].split())
    return Pin(normalize_name(found["name"]), found["version"], found["marker"] or "", hashes)
