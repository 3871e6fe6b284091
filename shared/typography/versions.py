"""The versions of the libraries and fonts that change how a drawn text or picture looks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

import PIL
from PIL import features

from shared.typography.fonts import font_packages

_LIBRARIES = ("freetype2", "raqm", "harfbuzz", "fribidi", "jpg", "webp", "libjpeg_turbo")


@cache
def drawing_versions() -> Mapping[str, Any]:
    """Returns the versions by library and font package, as JSON values for keys of caches."""
    return {
        "pillow": PIL.__version__,
        **{name: features.version(name) for name in _LIBRARIES},
        **{package: metadata.version(package) for package in font_packages()},
    }
