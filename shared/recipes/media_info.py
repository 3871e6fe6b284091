"""The facts that upload_trigger finds in a media file: one JSON object that the job stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from fractions import Fraction
from typing import Any, Literal

from shared.recipes.colour_description import NOTHING_STATED, ColourDescription
from shared.recipes.discontinuities import Discontinuity, SeekPoint
from shared.recipes.picture_shape import NO_CROP, Crop, PictureShape
from shared.recipes.pts import Pts

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


@dataclass(frozen=True)
class VideoInfo:
    """The chosen video stream.

    Attributes:
        width: In coded pixels, before `crop`, `rotation` and the sample aspect.
        height: Like `width`.
        rotation: Degrees clockwise to show the picture upright: 0, 90, 180 or 270.
        mirrored: Whether a left-right flip comes before the rotation.
        keyframe_interval_s: The longest distance between two keyframes that was read; None when
            fewer than two were read.
        open_gop: None when too little was read to decide.
        first_pts: The presentation time of the first picture, in ticks.
        dynamic_range: "pq" and "hlg" (ITU-R BT.2100) are converted to standard range.
        colour: What the container states and the first coded picture does not.
        keyframes_reliable: False when every packet is marked as a keyframe although pictures of the
            codec can refer to earlier ones; then decoding begins at the first picture only.
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
    colour: ColourDescription = NOTHING_STATED
    keyframes_reliable: bool = True
    crop: Crop = NO_CROP

    @property
    def shape(self) -> PictureShape:
        """The shape of the first picture."""
        return PictureShape(self.sample_aspect, self.crop)

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in pixels as a player shows the picture: square pixels, upright."""
        width, height = self.shape.shown_size(self.width, self.height)
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def to_dict(self) -> dict[str, Any]:
        return {key: _to_json_value(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VideoInfo:
        exact = {"sample_aspect", "time_base", "avg_rate", "keyframe_interval_s"}
        values = _read(cls, data, exact)
        if not isinstance(values["colour"], ColourDescription):
            values["colour"] = ColourDescription.from_dict(values["colour"])
        return cls(**{**values, "crop": Crop(*values["crop"])})


@dataclass(frozen=True)
class StreamInfo:
    """A summary of one stream of the file.

    Attributes:
        kind: video, cover, audio, subtitle, data or attachment.
        size: Width and height of a picture; hertz and channels of a sound.
        used: Whether this is the stream that is processed.
        additional: Whether a sound is marked as one beside that of the film, such as a commentary.
    """

    index: int
    kind: str
    codec: str
    size: tuple[int, int] | None
    language: str
    default: bool
    used: bool
    additional: bool = False

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
        random_access: How a window finds its start: "index" (the container or `seek_points` list
            the keyframes), "bisect" (by time stamps, which are checked) or "none" (read from the
            beginning).
        timestamps_reliable: Whether every packet that was read has a time stamp which never
            exceeds that of the packets after it by more than the reordering allows.
        repairs: Messages about properties that are corrected during processing.
        warnings: Messages about properties that cannot be corrected.
        discontinuities: Jumps of the time stamps, which are removed when the file is read.
        seek_points: Some keyframes, only in a file with discontinuities.
        joined_at: The positions, in bytes, of files behind the first one in the same upload, which
            are read as files of their own.
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
    discontinuities: tuple[Discontinuity, ...] = ()
    seek_points: tuple[SeekPoint, ...] = ()
    joined_at: tuple[int, ...] = ()

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
            if field.name not in ("video", *_LISTS)
        }
        lists = {name: [item.to_dict() for item in getattr(self, name)] for name in _LISTS}
        return {"schema": MEDIA_INFO_SCHEMA, **data, "video": self.video.to_dict(), **lists}

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
        values["joined_at"] = tuple(values["joined_at"])
        for name, kind in _LISTS.items():
            values[name] = tuple(kind.from_dict(item) for item in values[name])
        return cls(**values)


_LISTS: dict[str, type[StreamInfo | Discontinuity | SeekPoint]] = {
    "streams": StreamInfo,
    "discontinuities": Discontinuity,
    "seek_points": SeekPoint,
}
"""The fields of MediaInfo that are lists of objects."""


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
