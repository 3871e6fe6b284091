"""Videos whose time stamps jump, and captures that begin in the middle of a group of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av

from tests.corpus.build import valid_file
from tests.corpus.corpus_file import CorpusFile
from tests.corpus.encoding import MPEGTS_CLIP, clip_bytes, run_ffmpeg
from tests.fixtures.media.clips import ClipSpec, cached_file

FIRST = replace(MPEGTS_CLIP, width=96, height=64)
"""Three seconds."""
SECOND = replace(FIRST, frame_count=60)
"""Two seconds, with the counters 0 to 59."""
JOINED_COUNTERS = (0, 15, 30, 45, 60, 75, 0, 15, 30, 45)
"""What FIRST and SECOND show every half second, one behind the other."""
_MPEG2: dict[str, Any] = {"codec": "mpeg2video", "options": (("g", "15"), ("bf", "2"))}
_HEVC: dict[str, Any] = {
    "codec": "libx265",
    "options": (("preset", "ultrafast"), ("x265-params", "keyint=30:log-level=none")),
}
_VP8: dict[str, Any] = {
    "codec": "libvpx",
    "options": (("deadline", "realtime"), ("cpu-used", "-8"), ("g", "30")),
}
_FRAGMENTED: dict[str, Any] = {
    "container_options": (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
}
_LATER = Fraction(7200)
_REPAIR = "The time stamps jump once"

_SOUND_PES = b"\0\0\1\xc0"

_LONG_GOP = (("preset", "ultrafast"), ("bf", "2"), ("sc_threshold", "0"), ("g", "340"))
"""More than the packets that are decoded in the hope of a first picture."""
_LONG_HEVC = (
    ("preset", "ultrafast"),
    ("x265-params", "keyint=340:min-keyint=340:no-scenecut=1:log-level=none"),
)
_LONG_MPEG = (("g", "340"), ("bf", "0"))
CAPTURE = ClipSpec(suffix="ts", options=_LONG_GOP, frame_count=400, width=64, height=64)
"""The second keyframe is number 340."""
_REFRESHED = replace(
    CAPTURE,
    options=(("preset", "ultrafast"), ("x264-params", "intra-refresh=1:keyint=340:bframes=0")),
)


def joined(**changes: Any) -> bytes:
    """The bytes of FIRST and of SECOND, one behind the other."""
    return clip_bytes(replace(FIRST, **changes)) + clip_bytes(replace(SECOND, **changes))


def capture(spec: ClipSpec, first_packet: int) -> bytes:
    """The packets of a clip from number `first_packet` on, with unchanged time stamps."""
    formats = {"ts": "mpegts", "mkv": "matroska", "vob": "vob"}

    def write(path: Any) -> None:
        with (
            av.open(str(spec.encode().path)) as source,
            av.open(str(path), "w", format=formats[spec.suffix]) as out,
        ):
            video = source.streams.video[0]
            stream = out.add_stream_from_template(video)
            for number, packet in enumerate(source.demux(video)):
                if packet.size and number >= first_packet:
                    packet.stream = stream
                    out.mux(packet)

    return cached_file(f"capture {first_packet} {spec!r}", spec.suffix, write).read_bytes()


def shift_sound(data: bytes, first: int, by_s: int) -> bytes:
    """An MPEG-TS in which the PES packets of the sound have other time stamps, from number `first`
    on (ISO/IEC 13818-1 §2.4.3.7)."""
    out, count, at = bytearray(data), 0, data.find(_SOUND_PES)
    while at >= 0:
        if count >= first:
            stamp = out[at + 9 : at + 14]
            pts = (stamp[0] >> 1 & 7) << 30 | (stamp[1] << 7 | stamp[2] >> 1) << 15
            pts = (pts | stamp[3] << 7 | stamp[4] >> 1) + by_s * 90_000
            out[at + 9 : at + 14] = bytes((
                stamp[0] & 0xF0 | pts >> 29 & 0xE | 1, pts >> 22 & 255, pts >> 14 & 255 | 1,
                pts >> 7 & 255, pts << 1 & 255 | 1,
            ))  # fmt: skip
        count += 1
        at = data.find(_SOUND_PES, at + 4)
    return bytes(out)


def list_files() -> Iterator[CorpusFile]:
    """All files of this module."""
    for name, make, suffix in (
        ("two TS in a row", joined, "ts"),
        ("two TS with sound in a row", lambda: joined(has_sound=True), "ts"),
        ("two MPEG-2 TS in a row", lambda: joined(**_MPEG2), "ts"),
        ("two HEVC TS in a row", lambda: joined(**_HEVC), "ts"),
        ("two program streams in a row", lambda: joined(suffix="vob", **_MPEG2), "vob"),
        ("two Matroska files in a row", lambda: joined(suffix="mkv"), "mkv"),
        ("two WebM files in a row", lambda: joined(suffix="webm", **_VP8), "webm"),
        ("two Ogg files in a row", lambda: joined(suffix="ogg", **_VP8), "ogv"),
        ("two FLV files in a row", joined_flv, "flv"),
        ("two MP4 files in a row", lambda: joined(suffix="mp4"), "mp4"),
        ("two fragmented MP4 in a row", lambda: joined(suffix="mp4", **_FRAGMENTED), "mp4"),
        ("FLV with restarted time stamps", lambda: without_header(joined_flv()), "flv"),
        ("TS that jumps 2 h forward", lambda: clip_bytes(FIRST) + clip_bytes(_later(SECOND)), "ts"),
        ("TS that jumps 2 h back", lambda: clip_bytes(_later(FIRST)) + clip_bytes(SECOND), "ts"),
    ):
        yield _joined_file(name, make, suffix)
    yield _joined_file(
        "two TS of different sizes",
        lambda: clip_bytes(FIRST) + clip_bytes(replace(SECOND, width=192, height=128)),
        "ts",
        warning="picture's size changes",
    )
    yield _joined_file(
        "two Matroska files of different sizes",
        lambda: (
            clip_bytes(replace(FIRST, suffix="mkv"))
            + clip_bytes(replace(SECOND, suffix="mkv", width=192, height=128))
        ),
        "mkv",
        warning="picture's size changes",
    )
    yield _joined_file(
        "two TS with other stream numbers",
        lambda: clip_bytes(FIRST) + run_ffmpeg("pids", "ts", "-i", SECOND, "-c", "copy",
                                               "-mpegts_start_pid", "0x140"),
        "ts",
    )  # fmt: skip
    yield _joined_file(
        "H.264 and MPEG-2 in one TS",
        lambda: clip_bytes(FIRST) + clip_bytes(replace(SECOND, **_MPEG2)),
        "ts",
    )
    yield valid_file(
        "TS whose sound alone jumps", "an hour forward", lambda _: shift_sound(
            clip_bytes(replace(FIRST, has_sound=True)), 3, 3600), MPEGTS_CLIP)  # fmt: skip
    for name, spec in (
        ("capture from within a GOP", CAPTURE),
        ("HEVC capture", replace(CAPTURE, codec="libx265", options=_LONG_HEVC)),
        ("MPEG-2 capture", replace(CAPTURE, codec="mpeg2video", options=_LONG_MPEG)),
        ("MPEG-4 capture", replace(CAPTURE, codec="mpeg4", options=_LONG_MPEG)),
        ("Matroska capture", replace(CAPTURE, suffix="mkv")),
    ):
        yield _capture_file(name, spec, (340, 355, 370, 385))
    # The refresh that begins with picture 340 is complete two pictures later.
    yield _capture_file("capture with gradual refresh", _REFRESHED, (342, 357, 372, 387))


def joined_flv() -> bytes:
    """Two FLV files in a row."""
    return joined(suffix="flv")


def without_header(data: bytes) -> bytes:
    """Two FLV files in a row, the second one without its header (FLV 10.1, annex E.2)."""
    at = data.rindex(b"FLV\x01")
    return data[:at] + data[at + 13 :]


def _later(spec: ClipSpec) -> ClipSpec:
    return replace(spec, offset_s=_LATER, format="mpegts")


def _joined_file(
    name: str, make: Callable[[], bytes], suffix: str, warning: str = ""
) -> CorpusFile:
    return valid_file(
        name, "3 s and 2 s", lambda _: make(), suffix=suffix, repair=_REPAIR, warning=warning,
        counters=lambda: JOINED_COUNTERS,
    )  # fmt: skip


def _capture_file(name: str, spec: ClipSpec, counters: tuple[int, ...]) -> CorpusFile:
    return valid_file(
        name, "begins 320 pictures before a keyframe", lambda _: capture(spec, 20),
        suffix=spec.suffix, counters=lambda: counters, warning="begins in the middle",
    )  # fmt: skip
