"""Read what a video is from its headers and first packets, and refuse what cannot be used."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.domain.media import Passport, VideoFacts
from shared.domain.passport import RandomAccess, RateKind
from shared.media.errors import EmptyFile, UndecodableVideo, UnsupportedCodec, VideoTruncated
from shared.media.opening import choose_video, open_container, raise_if_read_failed
from shared.media.packets import COUNTED, VideoPacket
from shared.media.picture import orientation
from shared.media.ranged import RangeFile

# Enough for two keyframes of most files; a longer GOP is reported as unknown.
SCAN_PACKETS = 700
SCAN_BYTES = 4 << 20
# Pictures that refer back across a keyframe come right behind it.
SCAN_AFTER_KEYFRAME = 24
# A decoder that has shown nothing after this many packets will not.
FIRST_PICTURE_PACKETS = 300
_ACCESS: dict[str, RandomAccess] = {"mov": "index", "matroska": "index", "mpegts": "bisect"}
# Here every packet carries its own presentation time; AVI counts, MPEG-PS and Ogg stamp a few.
_STAMPED = {"mov", "matroska", "mpegts", "flv"}
_DURATION_IS_END = {"matroska", "flv"}


def probe(file: BinaryIO | RangeFile, size_bytes: int) -> Passport:
    """The passport of `file`, a binary and seekable file object of `size_bytes`.

    Raises a PermanentError of shared.media.errors when the file cannot be used.
    """
    if size_bytes == 0:
        raise EmptyFile
    with open_container(file) as container:
        stream = choose_video(container)
        scan = _scan(container, stream, file)
        return _passport(container, stream, scan, size_bytes)


@dataclass
class _Scan:
    """What the first packets and the first picture say; pts in ticks."""

    first: VideoFrame | None = None
    first_dts: int | None = None
    pts: list[int] = field(default_factory=list)
    keyframes: list[int] = field(default_factory=list)
    leading: bool = False
    stamped: bool = True
    in_order: bool = True
    complete: bool = False
    errors: int = 0
    packets: int = 0
    size_bytes: int = 0


def _scan(container: InputContainer, stream: VideoStream, file: object) -> _Scan:
    scan = _Scan()
    last_dts: int | None = None
    packets = container.demux(stream)
    while scan.packets < SCAN_PACKETS and scan.size_bytes < SCAN_BYTES:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            raise_if_read_failed(file)
            scan.complete = True
            break
        if packet is None:
            break
        if scan.first is None and scan.packets < FIRST_PICTURE_PACKETS:
            _decode(packet, scan)
        if packet.size == 0:
            scan.complete = True
            continue
        scan.packets += 1
        scan.size_bytes += packet.size
        if packet.is_discard:
            continue
        if scan.first_dts is None:
            scan.first_dts = packet.dts
        if packet.pos is None:
            scan.stamped = False
        if packet.pts is None:
            scan.stamped = False
            continue
        if packet.dts is not None:
            if packet.dts > packet.pts or (last_dts is not None and packet.dts < last_dts):
                scan.in_order = False
            last_dts = packet.dts
        if packet.is_keyframe:
            scan.keyframes.append(packet.pts)
        elif scan.keyframes and packet.pts < scan.keyframes[-1]:
            scan.leading = scan.leading or len(scan.keyframes) > 1
        insort(scan.pts, packet.pts)
        after = (
            bisect_right(scan.pts, scan.keyframes[1]) if len(scan.keyframes) > 1 else len(scan.pts)
        )
        if scan.first is not None and len(scan.pts) - after > SCAN_AFTER_KEYFRAME:
            break
    raise_if_read_failed(file)
    return scan


def _decode(packet: VideoPacket, scan: _Scan) -> None:
    try:
        frames = packet.decode()
    except (av.error.InvalidDataError, av.error.PatchWelcomeError):
        scan.errors += 1
        return
    except (av.error.DecoderNotFoundError, NotImplementedError) as error:
        raise UnsupportedCodec from error
    except (av.error.FFmpegError, OSError):
        scan.errors += 1
        return
    scan.first = next(iter(frames), None)


def _passport(
    container: InputContainer, stream: VideoStream, scan: _Scan, size_bytes: int
) -> Passport:
    if scan.first is None:
        raise VideoTruncated if scan.packets == 0 else UndecodableVideo
    time_base = stream.time_base or Fraction(1, 90_000)
    family = container.format.name.split(",")[0]
    first_pts = scan.first.pts if scan.first.pts is not None else (scan.pts or [0])[0]
    if family in COUNTED and scan.first_dts is not None:
        first_pts = scan.first_dts
    warnings: list[str] = []
    duration = _duration(container, stream, first_pts * time_base)
    cut_at = _cut_at(stream, size_bytes) if family == "mov" else None
    if cut_at is not None:
        duration = max(Fraction(0), (cut_at - first_pts) * time_base)
        warnings.append(
            f"The file is cut off; only about the first {float(duration):.1f} s are there."
        )
    if scan.errors:
        warnings.append("Damaged pictures at the beginning were passed over.")
    rotation, mirrored = orientation(scan.first)
    context = stream.codec_context
    return Passport(
        container=container.format.name,
        size_bytes=size_bytes,
        duration=duration,
        video=VideoFacts(
            index=stream.index,
            codec=context.name,
            width=scan.first.width,
            height=scan.first.height,
            rotation=rotation,
            mirrored=mirrored,
            sample_aspect=_aspect(stream),
            pix_fmt=scan.first.format.name,
            time_base=time_base,
            avg_rate=stream.average_rate or None,
            rate_kind=_rate_kind(stream, scan, time_base, family),
            keyframe_interval_s=_keyframe_interval(stream, scan, time_base, family),
            open_gop=scan.leading if len(scan.keyframes) > 1 else None,
            has_b_frames=bool(context.has_b_frames),
            first_pts=first_pts,
        ),
        audio_codecs=tuple(_codec_name(audio) for audio in container.streams.audio),
        stream_count=len(container.streams),
        random_access=_ACCESS.get(family, "none"),
        timestamps_reliable=(
            family in _STAMPED
            and scan.stamped
            and scan.in_order
            and len(set(scan.pts)) == len(scan.pts)
        ),
        warnings=tuple(warnings),
    )


def _duration(container: InputContainer, stream: VideoStream, first: Fraction) -> Fraction | None:
    if stream.duration and stream.time_base:
        end = ((stream.start_time or 0) + stream.duration) * stream.time_base
    elif container.duration:
        # Matroska and FLV write when the last picture ends, not how long it all takes.
        family = container.format.name.split(",")[0]
        start = 0 if family in _DURATION_IS_END else (container.start_time or 0)
        end = Fraction(start + container.duration, 1_000_000)
    else:
        return None
    return end - first if end > first else None


def _cut_at(stream: VideoStream, size_bytes: int) -> int | None:
    """Decoding time of the first sample that the file's own table puts beyond its end."""
    entries = stream.index_entries
    count = len(entries)
    if count == 0 or entries[count - 1].pos + entries[count - 1].size <= size_bytes:
        return None
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if entries[middle].pos + entries[middle].size > size_bytes:
            high = middle
        else:
            low = middle + 1
    return entries[low].timestamp


def _rate_kind(stream: VideoStream, scan: _Scan, time_base: Fraction, family: str) -> RateKind:
    """Variable when two pictures are shown for times that differ by more than rounding."""
    stamps = scan.pts[:-4] if len(scan.pts) > 12 and not scan.complete else scan.pts
    if family == "mov" and len(stream.index_entries) > len(stamps):
        stamps = [entry.timestamp for entry in stream.index_entries if not entry.is_discard]
    gaps = {later - earlier for earlier, later in pairwise(stamps[:-1])}
    rounding = max(1, int(Fraction(1, 900) / time_base))
    return "variable" if gaps and max(gaps) - min(gaps) > rounding else "constant"


def _keyframe_interval(
    stream: VideoStream, scan: _Scan, time_base: Fraction, family: str
) -> Fraction | None:
    keyframes = scan.keyframes
    if family == "mov" and len(stream.index_entries) > 1:
        keyframes = [e.timestamp for e in stream.index_entries if e.is_keyframe]
    gaps = [later - earlier for earlier, later in pairwise(keyframes)]
    return max(gaps) * time_base if gaps and max(gaps) > 0 else None


def _aspect(stream: VideoStream) -> Fraction:
    """Width of a pixel over its height; a value that no display ever had counts as a mistake."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return aspect if Fraction(1, 8) < aspect < 8 else Fraction(1)


def _codec_name(stream: av.AudioStream) -> str:
    try:
        return stream.codec_context.name
    except (AttributeError, RuntimeError):
        return "unknown"
