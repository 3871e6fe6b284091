"""The times at which the picture of a film changes."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.fixtures.media.films import read_frame_luma


def find_changes(path: Path) -> list[float]:
    """Returns the times at which the picture changes, in seconds."""
    times = [0.0]
    for (_, before, _), (time, after, _) in itertools.pairwise(read_frame_luma(path)):
        if abs(after - before) > 20:
            times.append(float(time))
    return times
