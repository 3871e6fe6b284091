"""Parses lock files: requirements pinned to exact versions, with hashes of their files."""

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
    """Normalized as in PEP 503."""
    version: str
    marker: str
    """The environment marker (PEP 508), or "" when the requirement always applies."""
    hashes: tuple[str, ...]
    """`algorithm:hexdigest` of every allowed file."""

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def split_logical_lines(text: str) -> list[str]:
    """Returns the requirements and options of a file: without comments, continuation lines joined.

    Runs of white space become one space. Comments are removed first, as in pip: a comment may be
    between lines that a backslash continues.
    """
    lines = (re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in text.splitlines())
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in lines if line))
    return [" ".join(line.split()) for line in joined.splitlines()]


def normalize_name(name: str) -> str:
    """Returns a package's name, normalized as in PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_lock(text: str) -> list[Pin]:
    """Returns the pins of a lock file, in its order.

    Raises:
        ValueError: A line does not have the form `name==version [; marker] [--hash=…]…`.
    """
    return [_parse_pin(line) for line in split_logical_lines(text)]


def read_lock(path: Path) -> list[Pin]:
    """Returns the pins of the lock file at `path`."""
    return parse_lock(path.read_text())


def _parse_pin(line: str) -> Pin:
    match = _PIN.fullmatch(line)
    if match is None:
        raise ValueError(f"Not a pinned requirement: {line}")
    hashes = tuple(option.removeprefix("--hash=") for option in match["hashes"].split())
    return Pin(normalize_name(match["name"]), match["version"], match["marker"] or "", hashes)
