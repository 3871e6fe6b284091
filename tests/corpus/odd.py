"""Odd and valid: everything here must come out right."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.media.picture import BgrImage
from tests.clips import ODD, RECIPES, Clip, Recipe, cached, draw_counter
from tests.corpus.bytes import box, change, patched, without_stamps
from tests.corpus.encoding import (
    FAST_START,
    MATROSKA,
    QUICK,
    SHORT,
    STREAM,
    animated_webp,
    bytes_of,
    ffmpeg,
    painted,
    short,
)
from tests.corpus.rows import Done, Make, Row, shown

GAPS_MS = (100, 400, 100, 250, 650, 100)


def rows() -> Iterator[Row]:
    """All of them, the common kinds of tests/clips.py first."""
    for name in sorted(RECIPES):
        yield _recipe(name, RECIPES[name])
    for name in sorted(ODD):
        # The first pictures of one lie before its edit list's beginning.
        skipped = 42 if name == "trimmed-by-edit-list" else 0
        yield _recipe(name, ODD[name], skipped)
    yield from _pictures()
    yield from _colours()
    yield from _streams()
    yield from _times()
    yield from _around_it()


def _recipe(name: str, recipe: Recipe, skipped: int = 0) -> Row:
    def counters() -> tuple[int, ...]:
        clip = recipe.make()
        zero = clip.times[skipped]
        moved = Clip(clip.path, tuple(one - zero for one in clip.times[skipped:]), clip.end - zero)
        return tuple(one + skipped for one in shown(moved, "0.7"))

    return Row(
        name,
        f"{recipe.codec} in {recipe.suffix}",
        lambda _: bytes_of(recipe),
        Done(counters, every="0.7"),
        recipe.suffix,
        common=name in ("rotated-90", "mirrored-270", "mpegts-wrap", "hevc"),
    )


def _clip(name: str, told: str, recipe: Recipe, *, common: bool = False) -> Row:
    return _of(name, told, lambda _: bytes_of(recipe), recipe, common=common)


def _of(
    name: str,
    told: str,
    make: Make,
    recipe: Recipe = SHORT,
    *,
    suffix: str = "",
    common: bool = False,
    **expected: Any,
) -> Row:
    """A file made of a recipe's, which must show the same."""
    counters = expected.pop("counters", lambda: shown(recipe.make(), "0.5"))
    return Row(name, told, make, Done(counters, **expected), suffix or recipe.suffix, common=common)


# --- pictures ---------------------------------------------------------------------------------


def _pictures() -> Iterator[Row]:
    x264 = Recipe(options=QUICK, pictures=45)
    yield _clip("4:2:0 in ten bits", "yuv420p10", replace(x264, pix_fmt="yuv420p10le"), common=True)
    yield _clip("4:4:4", "yuv444p", replace(x264, pix_fmt="yuv444p"))
    yield _clip("4:2:2 in ten bits", "ProRes 422 in MOV", Recipe(
        suffix="mov", codec="prores_ks", pix_fmt="yuv422p10le", pictures=30))  # fmt: skip
    yield _clip("lossless", "FFV1 in Matroska", Recipe(
        suffix="mkv", codec="ffv1", pix_fmt="yuv420p", pictures=30))  # fmt: skip
    yield _clip("lossless RGB", "x264 RGB", replace(x264, codec="libx264rgb", pix_fmt="rgb24"))
    yield _clip("grey", "one plane", replace(x264, pix_fmt="gray"))
    yield _clip("odd size", "VP9, 191×127", Recipe(
        suffix="webm", codec="libvpx-vp9", width=191, height=127, pictures=30,
        options=(("deadline", "realtime"), ("cpu-used", "8"))), common=True)  # fmt: skip
    yield _clip(
        "odd size 4:4:4", "193×129", replace(x264, pix_fmt="yuv444p", width=193, height=129)
    )
    yield _clip("very wide", "2048×16", replace(x264, width=2048, height=16))
    yield _clip("very tall", "32×2048", replace(x264, width=32, height=2048))
    yield _clip("fields", "interlaced x264", replace(
        x264, options=(("preset", "veryfast"), ("x264-params", "interlaced=1:tff=1"))))  # fmt: skip
    yield _of("size changes", "H.264 in TS, 192×128, then 320×240", _size_changes, STREAM,
              counters=None, frames=12, warning="size changes", common=True)  # fmt: skip
    yield _of("alpha in ProRes", "yuva444p10", lambda _: painted(
        "prores alpha", [_with_alpha(n) for n in range(10)], suffix="mov", codec="prores_ks",
        form="rgba", pix_fmt="yuva444p10le"), suffix="mov",
        counters=lambda: (0, 5), repair="Transparency is left out")  # fmt: skip
    yield _of("alpha in QuickTime RLE", "argb", lambda _: painted(
        "qtrle", [_with_alpha(n) for n in range(10)], suffix="mov", codec="qtrle",
        form="rgba", pix_fmt="argb"), suffix="mov",
        counters=lambda: (0, 5), repair="Transparency is left out")  # fmt: skip
    yield _of("alpha in VP9", "yuva420p in WebM", lambda _: painted(
        "vp9 alpha", [_with_alpha(n) for n in range(10)], suffix="webm", codec="libvpx-vp9",
        form="rgba", pix_fmt="yuva420p", options={"deadline": "realtime"}), suffix="webm",
        counters=lambda: (0, 5), common=True)  # fmt: skip
    yield _of("square pixels missing", "anamorphic, 2:1", lambda _: ffmpeg(
        "sar", "mp4", "-i", SHORT, "-c:v", "libx264", "-preset", "ultrafast",
        "-vf", "setsar=2"), repair="stretched to 384×128", check=_is_wide)  # fmt: skip


def _with_alpha(number: int) -> NDArray[np.uint8]:
    picture = draw_counter(number, 192, 128)
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def _size_changes(_: str) -> bytes:
    large = replace(STREAM, width=320, height=240, offset_s=Fraction(3))
    return bytes_of(STREAM) + bytes_of(large)


def _is_wide(pictures: Sequence[BgrImage]) -> None:
    assert {one.shape for one in pictures} == {(128, 384, 3)}


# --- colours ----------------------------------------------------------------------------------


def _colours() -> Iterator[Row]:
    x265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
    for name, transfer, codes in (("PQ", 16, (27921, 38055, 0)), ("HLG", 18, (30200, 49151, 0))):
        tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9, "color_range": 1}
        yield Row(
            f"HDR {name}", "HEVC in ten bits, BT.2020",
            lambda _, codes=codes, tags=tags: painted(  # type: ignore[misc]
                "hdr", [_patches(codes)] * 10, suffix="mp4", codec="libx265", form="rgb48le",
                pix_fmt="yuv420p10le", options=x265, tags=tags),
            Done(frames=2, repair=f"High dynamic range ({name})", check=_are_mid_white_black),
            common=True,
        )  # fmt: skip
    for name, value in (("full range", 2), ("limited range", 1)):
        tags = {"color_range": value, "colorspace": 1}
        yield Row(
            name, "grey 128 stays 128",
            lambda _, tags=tags: painted(  # type: ignore[misc]
                "range", [_greys()] * 10, suffix="mp4", codec="libx264", form="rgb24",
                pix_fmt="yuv420p", options={"crf": "4"}, tags=tags),
            Done(frames=2, check=_are_greys),
        )  # fmt: skip


def _patches(codes: tuple[int, int, int]) -> NDArray[np.uint16]:
    """Three columns of grey: 43 cd/m² (half of SDR's code), paper white, black."""
    return np.repeat(np.repeat(np.array([codes], np.uint16), 64, axis=1), 96, axis=0)[..., None].repeat(3, axis=2)  # fmt: skip  # noqa: E501


def _greys() -> NDArray[np.uint8]:
    return np.repeat(np.repeat(np.array([[0, 128, 255]], np.uint8), 64, axis=1), 96, axis=0)[..., None].repeat(3, axis=2)  # fmt: skip  # noqa: E501


def _columns(picture: BgrImage) -> list[float]:
    return [float(picture[16:80, at : at + 32].mean()) for at in (16, 80, 144)]


def _are_mid_white_black(pictures: Sequence[BgrImage]) -> None:
    """Taken for SDR, white would be a light grey of about 150 (PQ) or 190 (HLG)."""
    for picture in pictures:
        middle, white, black = _columns(picture)
        assert 118 <= middle <= 138
        assert white >= 205
        assert black <= 6
        assert float(picture.std(axis=2).max()) < 6, "grey has no colour"


def _are_greys(pictures: Sequence[BgrImage]) -> None:
    for picture in pictures:
        black, middle, white = _columns(picture)
        assert black <= 4
        assert abs(middle - 128) <= 3
        assert white >= 251


# --- streams ----------------------------------------------------------------------------------


def _streams() -> Iterator[Row]:
    one, other = SHORT, replace(SHORT, pictures=150, width=96, height=64)

    def longer() -> tuple[int, ...]:
        return shown(other.make(), "0.5")

    both = ("-i", one, "-i", other, "-c", "copy", "-map", "0", "-map", "1")
    yield _of("two videos, the second is longer", "both in MP4", lambda _: ffmpeg(
        "longer", "mp4", *both, "-disposition:v:1", "default"), counters=longer,
        repair="2 videos; stream 1 was taken")  # fmt: skip
    yield _of("two videos, one is the default", "both in Matroska", lambda _: ffmpeg(
        "default", "mkv", *both, "-disposition:v:0", "default", "-disposition:v:1", "0"),
        suffix="mkv", repair="2 videos; stream 0 was taken", common=True)  # fmt: skip
    yield _of("cover before the video", "JPEG as stream 0 of an MP4", lambda _: ffmpeg(
        "cover", "mp4", "-i", _cover, "-i", one, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", "attached_pic"))  # fmt: skip
    yield _of("large cover in Matroska", "as an attachment", lambda _: ffmpeg(
        "attached", "mkv", "-i", one, "-c", "copy", "-attach", _cover,
        "-metadata:s:t", "mimetype=image/jpeg"), suffix="mkv")  # fmt: skip
    yield _of("subtitles and an attachment", "SRT and a font in Matroska", lambda _: ffmpeg(
        "subtitles", "mkv", "-i", one, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "srt", "-attach", _subtitles,
        "-metadata:s:t", "mimetype=application/x-truetype-font"), suffix="mkv")  # fmt: skip
    yield _of("subtitles in MP4", "mov_text", lambda _: ffmpeg(
        "mov_text", "mp4", "-i", one, "-i", _subtitles, "-map", "0", "-map", "1",
        "-c:v", "copy", "-c:s", "mov_text"))  # fmt: skip
    yield _of("sixty streams", "copies of one video", lambda _: ffmpeg(
        "sixty", "mkv", "-i", one, *["-map", "0:v"] * 60, "-c", "copy"), suffix="mkv",
        repair="60 videos")  # fmt: skip
    yield _of("two programmes", "in one TS", lambda _: ffmpeg(
        "programmes", "ts", "-i", one, "-i", other, "-c", "copy", "-map", "0", "-map", "1",
        "-program", "st=0", "-program", "st=1"), counters=longer, suffix="ts",
        repair="2 videos")  # fmt: skip


def _cover() -> Path:
    def write(path: Path) -> None:
        data = ffmpeg("cover picture", "jpg", "-i", SHORT, "-frames:v", "1",
                      "-vf", "scale=1600:1200")  # fmt: skip
        path.write_bytes(data)

    return cached("cover", "jpg", write)


def _subtitles() -> Path:
    text = "1\n00:00:00,000 --> 00:00:02,000\nIch bin ein Untertitel.\n"
    return cached("subtitles", "srt", lambda path: path.write_bytes(text.encode()))


# --- times ------------------------------------------------------------------------------------


def _times() -> Iterator[Row]:
    copy = ("-i", SHORT, "-c", "copy")
    yield _clip("a thousand a second in Matroska", "1 ms a picture", Recipe(
        suffix="mkv", options=QUICK, time_base=Fraction(1, 1000), pictures=900))  # fmt: skip
    crowded = Recipe(suffix="mkv", options=QUICK, time_base=Fraction(1, 2000), pictures=900)
    yield _of("two pictures in a millisecond", "2000 a second in Matroska",
              lambda _: bytes_of(crowded), suffix="mkv", counters=None, frames=1)  # fmt: skip
    yield _of("negative composition offsets", "B-frames, no edit list", lambda _: ffmpeg(
        "cts", "mp4", *copy, "-movflags", "negative_cts_offsets", "-use_editlist",
        "0"))  # fmt: skip
    yield _of("an empty edit first", "starts 5 s late", lambda _: ffmpeg(
        "late", "mp4", "-itsoffset", "5", *copy))  # fmt: skip
    yield _of("negative time stamps", "-2 s in MPEG-TS", lambda _: ffmpeg(
        "negative", "ts", *copy, "-output_ts_offset", "-2", "-muxdelay", "0"), STREAM)  # fmt: skip
    yield _of("most time stamps missing", "every fourth picture of a TS has one",
              lambda _: without_stamps(bytes_of(STREAM), 4), STREAM,
              counters=None, frames=6)  # fmt: skip
    yield _of("all time stamps missing", "but the first, in a TS",
              lambda _: without_stamps(bytes_of(STREAM), 10**6), STREAM,
              counters=None, frames=6)  # fmt: skip
    yield _of("fragmented without an index", "one fragment a picture", lambda _: ffmpeg(
        "frag", "mp4", *copy, "-movflags", "frag_every_frame+empty_moov"))  # fmt: skip
    yield _of("fragmented with a common index", "CMAF with sidx", lambda _: ffmpeg(
        "dash", "mp4", *copy, "-movflags", "dash+global_sidx+delay_moov", "-frag_duration",
        "500000"))  # fmt: skip
    for hours in (0.5, 1):
        yield _of(
            f"says that it lasts {hours:g} h", "3 s in Matroska",
            lambda _, h=hours: says_hours(h), MATROSKA,  # type: ignore[misc]
            warning="ends earlier than it says", common=hours == 1,
        )  # fmt: skip
    yield _of("says that it lasts an hour", "3 s in an MP4", lambda _: _says(short(), 3600))
    yield _of("says that it lasts a tenth", "3 s in an MP4", lambda _: _says(short(), 0.3))
    yield _of("says that it lasts no time", "3 s in an MP4", lambda _: _says(short(), 0))
    uneven = Recipe(
        suffix="gif", codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100), pictures=20,
        gaps=(10, 40, 10, 25, 65))  # fmt: skip
    # FFmpeg writes the last picture's length as the one before it has.
    yield _of("GIF with uneven lengths", "0.1 to 0.65 s", lambda _: bytes_of(uneven), uneven,
              counters=lambda: shown(uneven.make(), "0.5")[:-1], common=True)  # fmt: skip
    yield _of("GIF with transparency", "pictures laid over each other", lambda _: _gif(),
              suffix="gif", counters=None, frames=6, repair="Transparency")  # fmt: skip
    ticks = [sum(GAPS_MS[:n]) for n in range(len(GAPS_MS))]
    clip = Clip(Path(), tuple(Fraction(one, 1000) for one in ticks), Fraction(sum(GAPS_MS), 1000))
    yield Row("animated WebP", "lossless, uneven lengths", lambda _: animated_webp(GAPS_MS),
              Done(lambda: shown(clip, "0.1"), every="0.1"), "webp", common=True)  # fmt: skip
    for name, told, recipe, keep, frames in (
        ("half an MP4", "index first", FAST_START, 0.5, 3),
        ("most of an MP4", "index first", FAST_START, 0.8, 5),
        ("half a Matroska", "index lost", MATROSKA, 0.5, 3),
        ("most of a Matroska", "index lost", MATROSKA, 0.8, 5),
        ("half a TS", "in the middle of a packet", STREAM, 0.5, 3),
        ("part of an AVI", "index lost", ODD["avi-mjpeg"], 0.6, 4),
        ("part of an FLV", "end lost", ODD["flv"], 0.6, 8),
        ("part of a fragmented MP4", "last fragment lost", RECIPES["fragmented"], 0.6, 12),
    ):
        yield _of(
            name, told, lambda _, r=recipe, k=keep: _part(r, k), recipe,  # type: ignore[misc]
            counters=lambda r=recipe, n=frames: shown(r.make(), "0.5")[:n], warning="cut off",
            common=name in ("half an MP4", "half a Matroska"),
        )  # fmt: skip
    # Of the last picture a part is there, laid over the one before it.
    yield _of("part of a GIF", "end lost", lambda _: _part(ODD["gif"], 0.6), suffix="gif",
              counters=None, frames=7, warning="cut off")  # fmt: skip
    yield _of("half an animated WebP", "end lost", lambda _: _half(animated_webp(GAPS_MS)),
              suffix="webp", every="0.1", counters=None, frames=5, warning="cut off")  # fmt: skip


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _part(recipe: Recipe, keep: float) -> bytes:
    data = bytes_of(recipe)
    # An odd number: no container's unit ends there.
    return data[: int(len(data) * keep) | 1]


def _says(data: bytes, seconds: float) -> bytes:
    """All three durations of an MP4 are a lie."""
    movie = (b"moov", b"mvhd")
    data = change(data, movie, lambda p: patched(p, 16, ">I", int(seconds * _scale(p))))
    media = (b"moov", b"trak", b"mdia", b"mdhd")
    data = change(data, media, lambda p: patched(p, 16, ">I", int(seconds * _scale(p))))
    track = (b"moov", b"trak", b"tkhd")
    return change(data, track, lambda p: patched(p, 20, ">I", int(seconds * 1000)))


def says_hours(hours: float) -> bytes:
    """Three seconds of Matroska that claim to be so long (RFC 9559 §5.1.2.10)."""
    data = bytes_of(MATROSKA)
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", hours * 3_600_000) + data[at + 8 :]


def _scale(payload: bytes) -> int:
    scale: int = struct.unpack_from(">I", payload, 12)[0]
    return scale


def _gif() -> bytes:
    return ffmpeg("gif", "gif", "-i", SHORT, "-vf",
                  "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
                  )  # fmt: skip


# --- around it --------------------------------------------------------------------------------


def _around_it() -> Iterator[Row]:
    yield _of("a megabyte of nothing behind it", "MP4", lambda _: short() + bytes(1 << 20))
    yield _of("text behind it", "Matroska", lambda _: bytes_of(MATROSKA)
              + b"and they lived happily ever after. " * 40, MATROSKA)  # fmt: skip
    yield _of("rubbish before it", "TS that begins anywhere", lambda _: bytes(range(1, 101)) * 3
              + bytes_of(STREAM), STREAM)  # fmt: skip
    yield _of("a page inside", "HTML and JavaScript in a free box", lambda _: box(
        b"free", b"<html><script>alert(1)</script></html>") + _moved(short(), 46))  # fmt: skip
    yield _of("a title in Latin-1", "no valid UTF-8", lambda _: ffmpeg(
        "title", "mp4", "-i", SHORT, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\xfcber\xe9t"))  # fmt: skip
    yield _of("a title with control characters", "NUL, ESC and a newline", lambda _: ffmpeg(
        "title", "mp4", "-i", SHORT, "-c", "copy", "-metadata", "title=XXXXXX",
        ).replace(b"XXXXXX", b"\x00\x1b[2J\n"))  # fmt: skip
    yield _of("an unknown box", "64 bits long, before the video", lambda _: struct.pack(
        ">I4sQ", 1, b"zzzz", 32) + bytes(16) + _moved(short(), 32))  # fmt: skip
    yield _of("MP4 under a WebM's name", "names say nothing", lambda _: short(), suffix="webm")


def _moved(data: bytes, by: int) -> bytes:
    """An MP4 whose chunks lie so many bytes later."""

    def later(payload: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", payload, 4)
        offsets = struct.unpack_from(f">{count}I", payload, 8)
        return payload[:8] + struct.pack(f">{count}I", *(one + by for one in offsets))

    return change(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco"), later)
