"""What lies beside frames.zip: the manifest, the table, and what it says about the source.

Everything is derived from the packs themselves, so it cannot disagree with them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import FrameStamp, IndexEntry, PackIndex
from shared.recipes.media_info import MediaInfo, format_time

MANIFEST_SCHEMA = "moodreel.frames/1"
CSV_COLUMNS = (
    "number",
    "name",
    "target_s",
    "time_s",
    "time",
    "pts",
    "time_base",
    "width",
    "height",
    "bytes",
)


def iter_entries(parts: Sequence[PackIndex]) -> Iterator[IndexEntry]:
    """All frames in order; a frame that several windows delivered would be a fault of ours."""
    for part in parts:
        yield from part.entries


def render_manifest(
    parts: Sequence[PackIndex],
    media_info: MediaInfo,
    options: FrameOptions,
    warnings: Iterable[str] = (),
    file: Mapping[str, Any] | None = None,
) -> bytes:
    """manifest.json: the source's facts, the options, and every frame. Times in seconds. `file`
    says which file it was.

    Exact times are strings ("1/3"); beside them stand decimals for reading.
    """
    frames = [_frame(entry, media_info) for entry in iter_entries(parts)]
    document = {
        "schema": MANIFEST_SCHEMA,
        "file": dict(file or {}),
        "source": media_info.to_dict(),
        "options": options.to_dict(),
        "count": len(frames),
        "warnings": list(dict.fromkeys([*media_info.warnings, *warnings])),
        "frames": frames,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def render_frames_csv(parts: Sequence[PackIndex], media_info: MediaInfo) -> Iterator[bytes]:
    """frames.csv line by line, with a header; UTF-8, RFC 4180."""
    yield _line(CSV_COLUMNS)
    for entry in iter_entries(parts):
        frame = _frame(entry, media_info)
        yield _line([frame[column] for column in CSV_COLUMNS])


def find_warnings(
    parts: Sequence[PackIndex], media_info: MediaInfo, options: FrameOptions
) -> Iterator[str]:
    """What a person should know of all frames together, a sentence each."""
    stamps = [entry.stamp for part in parts for entry in part.entries]
    sizes = list(dict.fromkeys((one.width, one.height) for one in stamps))
    if len(sizes) > 1:
        shown = ", ".join(f"{width}×{height}" for width, height in sizes[:3])
        more = " and others" if len(sizes) > 3 else ""
        yield f"The picture's size changes within the video: frames are {shown}{more}."
    # Elsewhere the container's length may be that of another stream.
    own = media_info.stream_count == 1 or media_info.container.startswith("mov")
    if media_info.duration is None or not stamps or not own:
        return
    claimed = media_info.duration if options.end is None else min(options.end, media_info.duration)
    missing = claimed - (stamps[-1].target + options.every)
    # One more target can lie within a picture's length of the end.
    if missing > max(options.every, claimed / 50):
        yield (
            f"The video ends earlier than it says: there are pictures up to "
            f"{float(stamps[-1].target):.1f} s, not to {float(claimed):.1f} s."
        )


def _frame(entry: IndexEntry, media_info: MediaInfo) -> dict[str, Any]:
    stamp: FrameStamp = entry.stamp
    actual = stamp.pts.seconds - media_info.first_pts.seconds
    return {
        "number": stamp.k + 1,
        "name": entry.name,
        "target": str(stamp.target),
        "target_s": f"{float(stamp.target):.6f}",
        "time_s": f"{float(actual):.6f}",
        "time": format_time(actual, with_hours=True),
        "pts": stamp.pts.ticks,
        "time_base": str(stamp.pts.time_base),
        "width": stamp.width,
        "height": stamp.height,
        "bytes": entry.size_bytes,
    }


def _line(values: Iterable[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode()
