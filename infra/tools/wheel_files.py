"""Reads single files from installed wheels."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from functions.emotion_scoring.models.download import sha256_of
from functions.emotion_scoring.models.manifest import WheelFile


def read_wheel_file(source: WheelFile) -> bytes | None:
    """Returns the file's bytes, or None if the package is not installed or the hash differs.

    The package is located but not imported, because its dependencies are not installed.
    """
    spec = importlib.util.find_spec(source.package)
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    for path in (Path(folder, *source.path.split("/")) for folder in folders):
        data = path.read_bytes() if path.is_file() else b""
        if sha256_of(data) == source.sha256:
            return data
    return None
