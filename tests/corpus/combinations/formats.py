"""The pairs of containers and codecs that FFmpeg can write, and what each can store."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.corpus.combinations.colours import BT709, FCC, SMPTE240M, UNSPECIFIED, YCGCO

_ALL = frozenset({"matrix", "range", "primaries", "transfer"})
_NONE: frozenset[str] = frozenset()
_YUV8, _YUV420 = ("yuv420p", "yuv422p", "yuv444p"), ("yuv420p",)
_FINE = (("qmin", "1"), ("qmax", "2"), ("b", "8M"))
# Finer steps exceed the codes of these codecs.
_COARSE = (("qmin", "4"), ("qmax", "4"))
_MPEG_RATES = tuple(Fraction(*rate) for rate in (
    (25, 1), (24, 1), (30, 1), (24000, 1001), (30000, 1001), (50, 1)))  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """A codec as an encoder of FFmpeg writes it.

    Attributes:
        encoder: The encoder's name.
        pix_fmts: The pixel formats that are drawn.
        options: The encoder's options.
        stores: The parts of a colour description that the stream stores.
        tolerance: The largest error of a flat colour, in codes of 255.
        sizes: The sizes that are drawn; without any, all sizes.
        step: Sizes are multiples of this.
        rates: The rates that are drawn; without any, all rates.
        has_gops: Whether a picture can depend on earlier ones over a long GOP.
        max_b_frames: The most B pictures in a row.
        sample_aspect: Whether the stream stores a sample aspect ratio.
        aspect: The sample aspect ratio that follows from the size.
        default_matrix: The matrix without a description.
    """

    encoder: str
    pix_fmts: tuple[str, ...] = _YUV420
    options: tuple[tuple[str, str], ...] = ()
    stores: frozenset[str] = _NONE
    tolerance: int = 6
    sizes: tuple[tuple[int, int], ...] = ()
    step: int = 2
    rates: tuple[Fraction, ...] = ()
    has_gops: bool = False
    max_b_frames: int = 0
    sample_aspect: bool = False
    aspect: Fraction = Fraction(1)
    default_matrix: int = UNSPECIFIED

    @property
    def matrices(self) -> frozenset[int]:
        """Matrices that only some codecs store."""
        if "matrix" not in self.stores:
            return frozenset()
        # VP9 has a table of its own (VP9 bitstream specification, 7.2.2).
        is_vp9 = self.encoder == "libvpx-vp9"
        return frozenset({SMPTE240M}) if is_vp9 else frozenset({FCC, SMPTE240M, YCGCO})


@dataclass(frozen=True)
class Container:
    """A container as a muxer of FFmpeg writes it.

    Attributes:
        suffix: The file extension.
        codecs: The keys of CODECS.
        tick: The resolution of its time stamps in seconds; None if any rate is exact.
        format: The muxer, if the suffix does not name it.
        options: The muxer's options.
        stores: The parts of a colour description that the container stores.
        is_stamped: Whether every picture has its own time; otherwise they are counted.
        rotates: Whether a rotation can be stored.
        has_aspect: Whether a sample aspect ratio can be stored.
        error: The code with which the container is refused.
    """

    suffix: str
    codecs: tuple[str, ...]
    tick: Fraction | None = None
    format: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    stores: frozenset[str] = _NONE
    is_stamped: bool = True
    rotates: bool = False
    has_aspect: bool = False
    error: str = ""


CODECS: dict[str, Codec] = {
    "h264": Codec("libx264", (*_YUV8, "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray",
        "yuvj420p"), (("preset", "ultrafast"), ("crf", "12")), _ALL, has_gops=True, max_b_frames=3,
        sample_aspect=True),
    "h264-rgb": Codec("libx264rgb", ("rgb24",), (("preset", "ultrafast"), ("crf", "12")),
        has_gops=True),
    "hevc": Codec("libx265", (*_YUV8, "yuv420p10le", "yuv422p10le", "yuv444p12le", "gbrp"),
        (("preset", "ultrafast"), ("crf", "12")), _ALL, has_gops=True, max_b_frames=3,
        sample_aspect=True),
    # Lossless: in small pictures of 10 bits the faster presets make errors of up to 420 of 1023.
    "av1": Codec("libsvtav1", ("yuv420p", "yuv420p10le"), (("preset", "9"),
        ("svtav1-params", "enable-tf=0:lossless=1")), _ALL, has_gops=True),
    "vp8": Codec("libvpx", _YUV420, (("deadline", "realtime"), ("cpu-used", "-8"), ("crf", "8"),
        ("b", "2M")), has_gops=True, step=1),
    "vp9": Codec("libvpx-vp9", (*_YUV8, "gbrp"), (("deadline", "realtime"),
        ("cpu-used", "8"), ("crf", "12"), ("b", "0")), frozenset({"matrix", "range"}),
        has_gops=True, step=1),
    "mpeg4": Codec("mpeg4", options=_FINE, has_gops=True, max_b_frames=2,
        sample_aspect=True),
    "mpeg2": Codec("mpeg2video", ("yuv420p", "yuv422p"), _FINE,
        frozenset({"matrix", "primaries", "transfer"}), rates=_MPEG_RATES, has_gops=True,
        max_b_frames=2),
    "mpeg1": Codec("mpeg1video", options=_FINE, rates=_MPEG_RATES, has_gops=True,
        max_b_frames=2),
    "h263": Codec("h263", options=_FINE, sizes=((128, 96), (176, 144)),
        rates=(Fraction(30000, 1001),), has_gops=True,
        aspect=Fraction(12, 11)),
    "flv1": Codec("flv", options=_FINE, has_gops=True),
    "msmpeg4v2": Codec("msmpeg4v2", options=_COARSE, has_gops=True, step=16),
    "msmpeg4v3": Codec("msmpeg4", options=_COARSE, has_gops=True, step=16),
    "wmv1": Codec("wmv1", options=_COARSE, has_gops=True, step=16),
    "wmv2": Codec("wmv2", options=_COARSE, has_gops=True, step=16),
    "mjpeg": Codec("mjpeg", ("yuvj420p", "yuvj422p", "yuvj444p"), _FINE, step=1),
    "prores": Codec("prores_ks", ("yuv422p10le", "yuv444p10le", "yuva444p10le"), (),
        frozenset({"matrix", "primaries", "transfer"})),
    "dnxhr": Codec("dnxhd", ("yuv422p",), (("profile", "dnxhr_hq"),), sizes=((256, 144),),
        default_matrix=BT709),
    "ffv1": Codec("ffv1", (*_YUV8, "yuv420p10le", "yuv422p16le", "yuv411p", "yuv410p", "gray",
        "gray16le", "bgra", "gbrp10le"), step=1),
    "ffv1-rgb": Codec("ffv1", ("bgr0", "bgra", "gbrp12le"), step=1),
    "huffyuv": Codec("huffyuv", ("yuv422p", "rgb24", "bgra")),
    "ffvhuff": Codec("ffvhuff", (*_YUV8, "gbrp", "gbrp12le"), step=4),
    "utvideo": Codec("utvideo", (*_YUV8, "gbrp", "gbrap")),
    "magicyuv": Codec("magicyuv", (*_YUV8, "gbrp", "gray")),
    "qtrle": Codec("qtrle", ("rgb24", "argb", "gray"), has_gops=True, step=4),
    "png": Codec("png", ("rgb24", "rgba", "gray", "rgb48be", "pal8"), step=1),
    "apng": Codec("apng", ("rgb24", "rgba"), step=1),
    "cinepak": Codec("cinepak", ("rgb24",), tolerance=12, has_gops=True, step=4),
    "rpza": Codec("rpza", ("rgb555le",), tolerance=10, has_gops=True, step=4),
    "smc": Codec("smc", ("pal8",), step=4),
    "msvideo1": Codec("msvideo1", ("rgb555le",), tolerance=10, has_gops=True, step=4),
    "svq1": Codec("svq1", ("yuv410p",), _FINE, tolerance=12, has_gops=True, step=16),
    "raw": Codec("rawvideo", ("yuv420p",)), "raw-rgb": Codec("rawvideo", ("bgr24", "pal8")),
    "v210": Codec("v210", ("yuv422p10le",)),
    "snow": Codec("snow", ("yuv420p",), _FINE, tolerance=12, has_gops=True, step=16),
    "zmbv": Codec("zmbv", ("bgr0", "rgb555le"), has_gops=True),
    "flashsv": Codec("flashsv", ("bgr24",), has_gops=True),
    "jpeg2000": Codec("jpeg2000", ("rgb24", "gray"), step=2),
    "cfhd": Codec("cfhd", ("yuv422p10le",), step=16),
    "gif": Codec("gif", ("pal8",), step=1, has_gops=True),
    "asv2": Codec("asv2", options=_FINE, step=16),
    "msrle": Codec("msrle", ("pal8",), has_gops=True),
    "y41p": Codec("y41p", ("yuv411p",), step=8),
    "v308": Codec("v308", ("yuv444p",)),
    "ljpeg": Codec("ljpeg", ("bgr24", "yuvj420p"), step=2),
}  # fmt: skip

_MOV_CODECS = ("h264", "h264-rgb", "hevc", "mpeg4", "mpeg2", "mjpeg", "prores", "dnxhr",
    "qtrle", "png", "cinepak", "rpza", "smc", "svq1", "raw-rgb", "v210", "cfhd", "h263", "jpeg2000",
    "v308")  # fmt: skip
_MP4_CODECS = ("h264", "h264-rgb", "hevc", "av1", "vp9", "mpeg4", "mpeg2", "mpeg1", "mjpeg", "png",
    "jpeg2000")  # fmt: skip
_MKV_CODECS = ("h264", "h264-rgb", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2", "mpeg1", "mjpeg",
    "ffv1", "ffv1-rgb", "prores", "msmpeg4v3", "raw", "snow")  # fmt: skip
_AVI_CODECS = ("h264", "mpeg4", "mpeg2", "mpeg1", "msmpeg4v2", "msmpeg4v3", "mjpeg", "ffv1",
    "ffv1-rgb", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "cinepak", "msvideo1", "raw",
    "raw-rgb", "zmbv", "h263", "asv2", "png", "snow", "msrle", "y41p", "ljpeg", "vp8",
    "wmv1", "flv1")  # fmt: skip
_MS, _90K = Fraction(1, 1000), Fraction(1, 90_000)
_TS_CODECS = ("h264", "hevc", "mpeg2", "mpeg1", "mpeg4")

CONTAINERS: dict[str, Container] = {
    "mp4": Container("mp4", _MP4_CODECS, stores=_ALL, rotates=True, has_aspect=True),
    "mp4-faststart": Container("mp4", _MP4_CODECS, options=(("movflags", "+faststart"),),
        stores=_ALL, rotates=True, has_aspect=True),
    "mp4-fragmented": Container("mp4", _MP4_CODECS, stores=_ALL, rotates=True, has_aspect=True,
        options=(("movflags", "+frag_keyframe+empty_moov+default_base_moof"),)),
    "mov": Container("mov", _MOV_CODECS, stores=_ALL - {"range"}, rotates=True, has_aspect=True),
    "mkv": Container("mkv", _MKV_CODECS, _MS, stores=_ALL),
    "mkv-live": Container("mkv", _MKV_CODECS, _MS, options=(("live", "1"),), stores=_ALL),
    "webm": Container("webm", ("vp8", "vp9", "av1"), _MS, stores=_ALL),
    "avi": Container("avi", _AVI_CODECS, is_stamped=False),
    "ts": Container("ts", _TS_CODECS, _90K, "mpegts"),
    "m2ts": Container("m2ts", _TS_CODECS, _90K, "mpegts", (("mpegts_m2ts_mode", "1"),)),
    "mpg": Container("mpg", ("mpeg1", "mpeg2"), _90K, "mpeg", is_stamped=False),
    "vob": Container("vob", ("mpeg2", "mpeg1", "h264"), _90K, "vob", is_stamped=False),
    "flv": Container("flv", ("flv1", "h264", "flashsv", "hevc", "av1", "vp9"), _MS),
    "3gp": Container("3gp", ("h263", "h264", "mpeg4"), rotates=True, has_aspect=False),
    "ogg": Container("ogg", ("vp8",), is_stamped=False),
    "gif": Container("gif", ("gif",), Fraction(1, 100)),
    "apng": Container("apng", ("apng",), error="not-a-video"),
    "nut": Container("nut", ("mpeg4", "ffv1"), error="not-a-video"),
    "h264": Container("h264", ("h264",), error="not-a-video"),
    "hevc": Container("hevc", ("hevc",), error="not-a-video"),
    "ipod": Container("m4v", ("h264", "mpeg4"), rotates=True, has_aspect=True),
    "m4v": Container("m4v", ("mpeg4",), format="m4v", error="not-a-video"),
    "wmv": Container("wmv", ("wmv1", "wmv2", "msmpeg4v3"), error="not-a-video"),
    "mxf": Container("mxf", ("mpeg2",), error="not-a-video"),
}  # fmt: skip
