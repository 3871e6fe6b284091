"""The facts that upload_trigger finds in a media file: one JSON object that the job stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from fractions import Fraction
from functools import total_ordering
from typing import Any, Literal

MEDIA_INFO_SCHEMA = 1
MEDIA_INFO_NAME = "media-info.json"
"""The file name for users, among the results of a job."""

WEBP = "webp"
"""The container of an animated WebP, which has a decoder of its own."""
COUNTED_CONTAINERS = frozenset({"avi"})
"""Containers that number their packets instead of stamping them: the n-th picture in display order
has the n-th packet's time, regardless of the pts that FFmpeg derives."""
ESTIMATED_CONTAINERS = frozenset({"mpeg"})
"""Containers whose duration is a little too short: pictures follow the last time stamp."""

RateKind = Literal["constant", "variable"]
RandomAccess = Literal["index", "bisect", "none"]
DynamicRange = Literal["sdr", "pq", "hlg"]


@total_ordering
@dataclass(frozen=True, eq=False)
class Pts:
    """A presentation time: `ticks` of `time_base` seconds. Exact; time bases may differ."""

    ticks: int
    time_base: Fraction

    @property
    def seconds(self) -> Fraction:
        return self.ticks * self.time_base

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pts) and self.seconds == other.seconds

    def __lt__(self, other: Pts) -> bool:
        return self.seconds < other.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)

    def __str__(self) -> str:
        return f"{float(self.seconds):.6f}s ({self.ticks} × {self.time_base})"


def format_time(seconds: Fraction, *, with_hours: bool = False) -> str:
    """Formats `seconds` as `MMmSS.mmms`, or `HHhMMmSS.mmms`; nearest millisecond, halves up.

    The only function that rounds a time, for display.
    """
    milliseconds = (seconds.numerator * 2000 + seconds.denominator) // (2 * seconds.denominator)
    minutes, rest = divmod(milliseconds, 60_000)
    rounded = f"{rest // 1000:02d}.{rest % 1000:03d}s"
    if with_hours:
        return f"{minutes // 60:02d}h{minutes % 60:02d}m{rounded}"
    return f"{minutes:02d}m{rounded}"


@dataclass(frozen=True)
class VideoInfo:
    """The chosen video stream.

    Attributes:
        width: In coded pixels, before `rotation` and before the sample aspect.
        height: Like `width`.
        rotation: Degrees clockwise to show the picture upright: 0, 90, 180 or 270.
        mirrored: Whether a left-right flip comes before the rotation.
        keyframe_interval_s: The longest distance between two keyframes that was read; None when
            fewer than two were read.
        open_gop: None when too little was read to decide.
        first_pts: The presentation time of the first picture, in ticks.
        dynamic_range: "pq" and "hlg" (ITU-R BT.2100) are converted to standard range.
    """

    index: int
    codec: str
    width: int
    height: int
    rotation: int
    mirrored: bool
    sample_aspect: Fraction
    pix_fmt: str
    time_base: Fraction
    avg_rate: Fraction | None
    rate_kind: RateKind
    keyframe_interval_s: Fraction | None
    open_gop: bool | None
    has_b_frames: bool
    first_pts: int
    dynamic_range: DynamicRange = "sdr"

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in pixels as a player shows the picture: square pixels, upright."""
        width, height = to_square_pixels(self.width, self.height, self.sample_aspect)
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def to_dict(self) -> dict[str, Any]:
        return {key: _to_json_value(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VideoInfo:
        exact = {"sample_aspect", "time_base", "avg_rate", "keyframe_interval_s"}
        return cls(**_read(cls, data, exact))


@dataclass(frozen=True)
class StreamInfo:
    """A summary of one stream of the file.

    Attributes:
        kind: video, cover, audio, subtitle, data or attachment.
        size: Width and height of a picture; hertz and channels of a sound.
        used: Whether this is the stream that is processed.
    """

    index: int
    kind: str
    codec: str
    size: tuple[int, int] | None
    language: str
    default: bool
    used: bool

    def to_dict(self) -> dict[str, Any]:
        return {key: _to_json_value(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StreamInfo:
        values = _read(cls, data, set())
        return cls(**{**values, "size": values["size"] and tuple(values["size"])})


@dataclass(frozen=True)
class MediaInfo:
    """The facts of one file.

    Attributes:
        duration: Seconds from the first picture to the end according to the container; None when
            unknown. Not used to find the last frame.
        random_access: How a window finds its start: "index" (the container lists the keyframes),
            "bisect" (by time stamps, which are checked) or "none" (read from the beginning).
        timestamps_reliable: Whether every packet that was read has a time stamp which never
            exceeds that of the packets after it by more than the reordering allows.
        repairs: Messages about properties that are corrected during processing.
        warnings: Messages about properties that cannot be corrected.
    """

    container: str
    size_bytes: int
    duration: Fraction | None
    video: VideoInfo
    audio_codecs: tuple[str, ...]
    stream_count: int
    random_access: RandomAccess
    timestamps_reliable: bool
    warnings: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    streams: tuple[StreamInfo, ...] = ()

    @property
    def frame_ticks(self) -> int:
        """The duration of one picture at the average rate, in ticks, at least 1."""
        rate = self.video.avg_rate or Fraction(30)
        return max(1, int(1 / (rate * self.video.time_base)))

    @property
    def first_pts(self) -> Pts:
        return Pts(self.video.first_pts, self.video.time_base)

    def to_dict(self) -> dict[str, Any]:
        data = {
            field.name: _to_json_value(getattr(self, field.name))
            for field in fields(self)
            if field.name not in ("video", "streams")
        }
        streams = [stream.to_dict() for stream in self.streams]
        video = self.video.to_dict()
        return {"schema": MEDIA_INFO_SCHEMA, **data, "video": video, "streams": streams}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MediaInfo:
        """Raises ValueError when `data` has another schema or lacks a field."""
        if data.get("schema") != MEDIA_INFO_SCHEMA:
            raise ValueError(f"The media info has schema {data.get('schema')!r}, not 1.")
        values = _read(cls, data, {"duration"})
        values["video"] = VideoInfo.from_dict(data["video"])
        values["audio_codecs"] = tuple(data["audio_codecs"])
        values["warnings"] = tuple(data["warnings"])
        values["repairs"] = tuple(values["repairs"])
        values["streams"] = tuple(StreamInfo.from_dict(stream) for stream in values["streams"])
        return cls(**values)


def to_square_pixels(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Returns the size with square pixels: the shorter side is stretched, nothing is cropped."""
    if aspect > 1:
        return max(1, round(width * aspect)), height
    return width, max(1, round(height / aspect))


def _to_json_value(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _read(kind: type[Any], data: Mapping[str, Any], exact: set[str]) -> dict[str, Any]:
    try:
        values = {
            # A job that an older version planned lacks the fields that have a default.
            field.name: data[field.name]
            if field.name in data or field.default is MISSING
            else field.default
            for field in fields(kind)
        }
    except KeyError as missing:
        raise ValueError(f"The media info has no {missing}.") from missing
    return {
        name: Fraction(value) if name in exact and value is not None else value
        for name, value in values.items()
    }
