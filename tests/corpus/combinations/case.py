"""What a case combines; everything that its file and its expected result follow from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from shared.recipes.frames.options import FrameOptions
from tests.corpus.combinations.colours import BT2020, DISPLAY_P3, Colour
from tests.corpus.combinations.formats import CODECS, CONTAINERS, Codec, Container

_WIDE_TOLERANCE = {"h264": 9, "hevc": 9, "mpeg1": 12, "mpeg2": 12, "mpeg4": 12, "snow": 24}
"""For lossy encoders. Decoded without any conversion, their chroma is up to 3 codes off; the
conversion to the primaries of BT.709 makes a step of a dark colour up to 4 times larger."""


@dataclass(frozen=True)
class Geometry:
    """Coded size, display rotation (degrees clockwise, mirrored) and sample aspect ratio."""

    width: int
    height: int
    rotation: tuple[int, bool] = (0, False)
    aspect: Fraction = Fraction(1)

    def __str__(self) -> str:
        parts = [f"{self.width}×{self.height}"]
        if self.rotation != (0, False):
            parts.append(f"rotated {self.rotation[0]}" + " mirrored" * self.rotation[1])
        if self.aspect != 1:
            parts.append(f"aspect {self.aspect}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Timing:
    """Time stamps: picture n is at `offset_s`, plus `ticks[n]` of `time_base`; the last is the end.

    `habit` is the name of what is unusual about them.
    """

    habit: str
    time_base: Fraction
    ticks: tuple[int, ...] = field(repr=False)
    offset_s: Fraction = Fraction(0)

    @property
    def frame_count(self) -> int:
        return len(self.ticks) - 1

    @property
    def times_s(self) -> tuple[Fraction, ...]:
        """The times of the pictures from the first one on, and the end of the last."""
        return tuple(tick * self.time_base for tick in self.ticks)


@dataclass(frozen=True)
class Gop:
    """Pictures from one keyframe to the next, B pictures in a row, and whether GOPs are open."""

    length: int
    b_frames: int = 0
    is_open: bool = False

    @property
    def kind(self) -> str:
        if self.length == 1:
            return "intra only"
        return ("open" if self.is_open else "closed") + (
            f", {self.b_frames} B" * bool(self.b_frames)
        )


@dataclass(frozen=True)
class Damage:
    """`kind` is "none" or a function of damage.py; `amount` and `seed` are its arguments."""

    kind: str = "none"
    amount: float = 0
    seed: int = 0


@dataclass(frozen=True)
class Case:
    """A video file, and the options with which its frames are extracted. `first_index` is the
    counter of its first picture."""

    number: int
    container_name: str
    codec_name: str
    pix_fmt: str
    colour: Colour
    geometry: Geometry
    timing: Timing
    gop: Gop
    damage: Damage
    options: FrameOptions
    many_windows: bool
    first_index: int = 0

    @property
    def container(self) -> Container:
        return CONTAINERS[self.container_name]

    @property
    def codec(self) -> Codec:
        return CODECS[self.codec_name]

    @property
    def tolerance(self) -> int:
        """The largest error of a flat colour, in codes of 255."""
        is_wide = self.colour.light_primaries in (BT2020, DISPLAY_P3)
        if is_wide and not self.colour.is_hdr:
            return _WIDE_TOLERANCE.get(self.codec_name, self.codec.tolerance)
        return self.codec.tolerance

    def encoding_key(self) -> str:
        """Names the undamaged file."""
        return repr((self.container, self.codec, self.pix_fmt, self.colour, self.geometry,
                     self.timing, self.timing.ticks, self.gop, self.first_index))  # fmt: skip

    def dimensions(self) -> dict[str, str]:
        """The values of the dimensions of the report."""
        options = self.options
        window = "start" * bool(options.start) + " end" * (options.end is not None)
        return {
            "container": self.container_name,
            "codec": self.codec_name,
            "pixel format": self.pix_fmt,
            "colour": "described" if self.colour != Colour() else "not described",
            "colour stored in": self.colour.stored,
            "matrix": str(self.colour.matrix),
            "range": str(
                {True: "full", False: "limited", None: "unspecified"}[self.colour.is_full]
            ),
            "primaries": str(self.colour.primaries),
            "transfer": str(self.colour.transfer),
            "size": "odd" if (self.geometry.width | self.geometry.height) & 1 else "even",
            "rotation": "{} {}".format(*self.geometry.rotation),
            "aspect": str(self.geometry.aspect),
            "time stamps": self.timing.habit,
            "GOP": self.gop.kind,
            "damage": self.damage.kind,
            "options": (window.strip() or "all") + ", many windows" * self.many_windows,
        }

    def __str__(self) -> str:
        options = {name: value for name, value in self.options.to_dict().items()
                   if name in ("every", "start", "end") and value}  # fmt: skip
        return (
            f"{self.codec_name} {self.pix_fmt} in {self.container_name}; {self.geometry}; "
            f"{self.colour}; {self.timing.habit} ({self.timing.frame_count} pictures, time base "
            f"{self.timing.time_base}, from {float(self.timing.offset_s):g} s); GOP "
            f"{self.gop.length} {self.gop.kind}; damage {self.damage.kind} "
            f"{self.damage.amount:.3g}; {options}" + "; many windows" * self.many_windows
        )
