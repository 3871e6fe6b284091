"""Videos of known colours in other colour spaces, described by the stream, the container or both.

Each shows COLOURS in columns. ITU-T H.273 lists the numbers of primaries, transfer and matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shared.media.images.frame import BgrImage
from tests.corpus.corpus_file import CorpusFile, ExpectedFrames
from tests.corpus.encoding import encode_pictures, run_ffmpeg
from tests.fixtures.media.clips import cached_file
from tests.fixtures.media.colours import (
    COLOURS,
    HLG,
    PQ,
    SRGB,
    draw_columns,
    encode_rgb,
    encode_yuv,
)

TOLERANCE = 6
_NAMES = {"primaries": "color_primaries", "transfer": "color_trc", "matrix": "colorspace"}
_ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "libx265": ("yuv420p10le", {"preset": "ultrafast", "x265-params": "log-level=none:qp=4"}),
    "libx264": ("yuv420p", {"preset": "ultrafast", "qp": "4"}),
    "libvpx-vp9": ("yuv420p", {"deadline": "realtime", "cpu-used": "8", "lossless": "1"}),
    "libsvtav1": ("yuv420p10le", {"preset": "12", "crf": "4"}),
    "prores_ks": ("yuv422p10le", {}),
    "dnxhd": ("yuv422p10le", {"profile": "dnxhr_hqx"}),
}


@dataclass(frozen=True)
class Colours:
    """A colour space. `range` is FFmpeg's number: 1 limited, 2 full."""

    primaries: int
    transfer: int = SRGB
    matrix: int = 1
    range: int = 1

    def encode(
        self,
        codec: str,
        suffix: str,
        tags: dict[str, int] | None = None,
        x265: str = "",
        height: int = 64,
    ) -> bytes:
        """A video whose stream states the colour space, or other `tags`. `x265` are parameters."""
        pix_fmt, options = _ENCODERS[codec]
        if x265:
            options = {**options, "x265-params": options["x265-params"] + x265}
        codes = [
            encode_yuv(encode_rgb(colour, self.primaries, self.transfer), self.matrix,
                       full_range=self.range == 2) for colour in COLOURS
        ]  # fmt: skip
        source = "yuv420p10le" if "10" in pix_fmt else "yuv420p"
        if tags is None:
            tags = {name: getattr(self, key) for key, name in _NAMES.items()}
            tags["color_range"] = self.range
        return encode_pictures(
            f"colours {COLOURS} {self} {x265} {height}", [draw_columns(codes, source, height)] * 6,
            suffix=suffix, codec=codec, ndarray_format=source, pix_fmt=pix_fmt, options=options,
            tags=tags,
        )  # fmt: skip

    def remux(
        self, codec: str, source: str, suffix: str, tags: dict[str, int] | None = None
    ) -> bytes:
        """A video whose container states the colour space, and whose stream states `tags`."""
        data = self.encode(codec, source, tags or {})
        key = f"{COLOURS} {self} {codec} {source} {tags}"
        return run_ffmpeg(
            f"remux {key}", suffix, "-i", str(cached_file(f"source {key}", source,
            lambda path: path.write_bytes(data) and None)), "-c", "copy", "-color_primaries",
            str(self.primaries), "-color_trc", str(self.transfer), "-colorspace", str(self.matrix),
        )  # fmt: skip


HDR10, BT2100_HLG = Colours(9, PQ, 9), Colours(9, HLG, 9)
_BT709_TAGS = {"color_primaries": 1, "color_trc": 1, "colorspace": 1, "color_range": 1}

_BT2020_TAGS = {"color_primaries": 9, "color_trc": 14, "colorspace": 9, "color_range": 1}


def list_files() -> Iterator[CorpusFile]:
    """All files of this module that are processed."""
    for name, colours in (("HDR10", HDR10), ("HLG", BT2100_HLG)):
        repair = f"High dynamic range ({'PQ' if colours is HDR10 else 'HLG'})"
        # The encoder of VP9 has eight bits here, too few for PQ.
        for codec, source, suffix in (
            ("libx265", "mp4", "mp4"), ("libx265", "mp4", "mkv"), ("prores_ks", "mov", "mov"),
            ("libvpx-vp9", "webm", "webm"), ("libsvtav1", "mp4", "mp4"),
        ):  # fmt: skip
            if colours is HDR10 and codec == "libvpx-vp9":
                continue
            yield colour_file(f"{name} stated by {suffix} only", codec, suffix,
                        lambda c=colours, a=(codec, source, suffix): c.remux(*a), repair)  # type: ignore[misc]  # fmt: skip
    yield colour_file("HDR10 in colr, BT.709 in the stream", "libx265", "mp4",
                lambda: HDR10.remux("libx265", "mp4", "mp4", _BT709_TAGS), "(PQ)")  # fmt: skip
    yield colour_file("HDR10 by its mastering display only", "libx265", "mp4", lambda: HDR10.encode(
        "libx265", "mp4", {}, ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
        "WP(15635,16450)L(10000000,50):max-cll=1000,400"), "(PQ)")  # fmt: skip
    for suffix in ("mp4", "ts"):
        yield colour_file("HLG by an alternative transfer", "libx265", suffix,
                    lambda s=suffix: BT2100_HLG.encode("libx265", s, _BT2020_TAGS, ":atc-sei=18"),  # type: ignore[misc]
                    "(HLG)")  # fmt: skip
    for suffix in ("mp4", "mkv", "ts"):
        yield colour_file("HDR10 in the stream", "libx265", suffix,
                    lambda s=suffix: HDR10.encode("libx265", s), "(PQ)")  # type: ignore[misc]  # fmt: skip
    yield colour_file("PQ with Display P3", "libx265", "mp4",
                lambda: Colours(12, PQ, 9).encode("libx265", "mp4"), "(PQ)")  # fmt: skip
    yield from _wide_gamut()
    yield CorpusFile("ICtCp", "swscale refuses it", lambda _: _make_ictcp(),
                     ExpectedFrames(frame_count=2, warning="not converted (ICtCp)"))  # fmt: skip


def _wide_gamut() -> Iterator[CorpusFile]:
    for name, codec, suffix, colours, repair in (
        ("BT.2020", "libx265", "mp4", Colours(9, 14, 9), "BT.2020"),
        ("BT.2020 in full range", "libx265", "mp4", Colours(9, 14, 9, 2), "BT.2020"),
        ("BT.2020", "libx265", "ts", Colours(9, 1, 9), "BT.2020"),
        ("Display P3", "libx264", "mp4", Colours(12, 1, 1), "Display P3"),
        ("Display P3", "libx265", "mkv", Colours(12, SRGB, 6), "Display P3"),
        ("Display P3", "prores_ks", "mov", Colours(12, 1, 1), "Display P3"),
        ("SMPTE 170M", "libx264", "mp4", Colours(6, 6, 6), "SMPTE 170M"),
        ("BT.470 BG", "libx264", "mkv", Colours(5, 6, 5), "BT.470 BG"),
        ("BT.709", "libx264", "mp4", Colours(1, 1, 1), ""),
    ):
        yield colour_file(f"{name} in standard range", codec, suffix,
                    lambda c=colours, a=(codec, suffix): c.encode(*a), repair)  # type: ignore[misc]  # fmt: skip
    wide = Colours(9, 1, 9)
    yield colour_file("BT.2020 stated by mov only", "prores_ks", "mov",
                lambda: wide.remux("prores_ks", "mov", "mov"), "BT.2020")  # fmt: skip


def _make_ictcp() -> bytes:
    tags = {**_BT709_TAGS, "colorspace": 14}
    return Colours(1, 1, 1).encode("libx264", "mp4", tags)


def check_colours(pictures: Sequence[BgrImage]) -> None:
    """Each column has its colour of COLOURS."""
    for picture in pictures:
        shown = [picture[16:48, at : at + 32, ::-1].mean(axis=(0, 1)) for at in (16, 80, 144)]
        assert np.abs(np.array(shown) - COLOURS).max() <= TOLERANCE, np.round(shown)


def colour_file(
    name: str, codec: str, suffix: str, make: Callable[[], bytes], repair: str
) -> CorpusFile:
    """A file that shows COLOURS."""
    return CorpusFile(
        f"{name}, {codec} in {suffix}", "known colours", lambda _: make(),
        ExpectedFrames(frame_count=2, repair=repair, check=check_colours), suffix,
    )  # fmt: skip
