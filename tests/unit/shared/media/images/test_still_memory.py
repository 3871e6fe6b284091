"""The largest pictures are read within what a function has: few copies, whatever the mode."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SIDE = 3000
PEAK = """
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
    ("mode", "bytes_a_pixel"), [("RGB", 4), ("RGBA", 8), ("P", 9), ("LA", 12)], ids=str
)
def test_a_picture_is_read_with_one_copy_at_most(
    mode: str, bytes_a_pixel: int, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    made = Image.new(mode, (SIDE, SIDE), 3 if mode == "P" else 0)
    if mode == "P":
        made.info["transparency"] = 3
    made.save(path, compress_level=1)
    order = [sys.executable, "-c", PEAK, str(path)]
    told = subprocess.run(order, capture_output=True, check=True, timeout=120)
    # A fifth for what the decoder and the allocator take besides.
    assert int(told.stdout) < 1.2 * bytes_a_pixel * SIDE * SIDE
