"""The results beside frames.zip: manifest.json, frames.csv, and warnings about the source.

All of them are derived from the packs, so they agree with frames.zip.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import FrameStamp, IndexEntry, PackIndex
from shared.recipes.media_info import MediaInfo
from shared.recipes.pts import format_time

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
    """Yields all frames in order."""
    for part in parts:
        yield from part.entries


def render_manifest(
    parts: Sequence[PackIndex],
    media_info: MediaInfo,
    options: FrameOptions,
    warnings: Iterable[str] = (),
    file: Mapping[str, Any] | None = None,
) -> bytes:
    """Returns manifest.json: the source, the options, and every frame. Times are in seconds: exact
    ones as strings ("1/3"), and decimals for reading. `file` describes the uploaded file."""
    frames = [_frame_fields(entry, media_info) for entry in iter_entries(parts)]
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
    """Yields frames.csv line by line, with a header. UTF-8, RFC 4180."""
    yield _csv_line(CSV_COLUMNS)
    for entry in iter_entries(parts):
        frame = _frame_fields(entry, media_info)
        yield _csv_line([frame[column] for column in CSV_COLUMNS])


def find_warnings(
    parts: Sequence[PackIndex], media_info: MediaInfo, options: FrameOptions
) -> Iterator[str]:
    """Yields warnings for the user about all frames together, one message each."""
    stamps = [entry.stamp for part in parts for entry in part.entries]
    sizes = list(dict.fromkeys((stamp.width, stamp.height) for stamp in stamps))
    if len(sizes) > 1:
        examples = ", ".join(f"{width}×{height}" for width, height in sizes[:3])
        others = " and others" if len(sizes) > 3 else ""
        yield f"The picture's size changes within the video: frames are {examples}{others}."
    # In other containers the duration may be that of another stream.
    is_video_duration = (
        media_info.stream_count == 1
        or media_info.container.startswith("mov")
        or bool(media_info.discontinuities)
    )
    if media_info.duration is None or not stamps or not is_video_duration:
        return
    duration = media_info.duration if options.end is None else min(options.end, media_info.duration)
    missing = duration - (stamps[-1].target + options.every)
    # One more target may lie within the last picture, so up to one interval may be missing.
    if missing > max(options.every, duration / 50):
        yield (
            f"The video ends earlier than it says: there are pictures up to "
            f"{float(stamps[-1].target):.1f} s, not to {float(duration):.1f} s."
        )


def _frame_fields(entry: IndexEntry, media_info: MediaInfo) -> dict[str, Any]:
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


def _csv_line(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
