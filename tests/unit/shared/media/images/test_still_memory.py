"""The peak memory of reading the largest pictures, in every mode."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.fixtures.media.icc_profiles import DISPLAY_P3

SIDE = 3000
SCRIPT = """
import re, sys
from shared.media.images.still import read_picture
data = open(sys.argv[1], "rb").read()
status = lambda: open("/proc/self/status").read()
peak = lambda: 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status())[1])
before = peak()
read_picture(data)
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("mode", "bytes_per_pixel"), [("RGB", 4), ("RGBA", 8), ("P", 9), ("LA", 12)], ids=str
)
@pytest.mark.parametrize("profile", [b"", DISPLAY_P3.profile()], ids=["sRGB", "P3"])
def test_picture_is_read_with_at_most_one_copy(
    mode: str, bytes_per_pixel: int, profile: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    image = Image.new(mode, (SIDE, SIDE), 3 if mode == "P" else 0)
    if mode == "P":
        image.info["transparency"] = 3
    image.save(path, compress_level=1, icc_profile=profile)
    command = [sys.executable, "-c", SCRIPT, str(path)]
    result = subprocess.run(command, capture_output=True, check=True, timeout=120)
    # 20 % for the decoder and the allocator.
    assert int(result.stdout) < 1.2 * bytes_per_pixel * SIDE * SIDE
