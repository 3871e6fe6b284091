"""Draws the cases of a seed. A case follows from the seed and its number alone."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import accumulate

from shared.recipes.frames.options import FrameOptions
from tests.corpus.combinations.case import Case, Damage, Geometry, Gop, Timing
from tests.corpus.combinations.colours import (
    BT470BG,
    BT709,
    BT2020,
    DISPLAY_P3,
    HLG,
    PQ,
    SMPTE170M,
    UNSPECIFIED,
    Colour,
    Stored,
)
from tests.corpus.combinations.encode import STAMP_EVERY
from tests.corpus.combinations.formats import CODECS, CONTAINERS, Codec, Container

_RATES = tuple(Fraction(*rate) for rate in (
    (10, 1), (25, 2), (15, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1),
    (60, 1)))  # fmt: skip
_SIZES = ((64, 48), (96, 64), (128, 96), (160, 112))
_EVERY = ("0.04", "0.1", "0.25", "1/3", "0.5", "0.07", "1")
_ASPECTS = tuple(Fraction(*aspect) for aspect in ((4, 3), (16, 11), (8, 9), (2, 1), (1, 2)))
_WRAP_S = Fraction(1 << 33, 90_000)
"""Where the time stamps of MPEG streams begin again (ISO/IEC 13818-1 §2.4.3.7)."""
_MIN_RECORDINGS_S = Fraction(1, 2)
"""A recording that is about as short as the reordering of pictures is not found."""
_WRAPPING = ("ts", "m2ts", "mpg", "vob")
_CUTTABLE = ("ts", "m2ts", "mpg", "vob")
_INDEXED = ("mp4", "mov", "ipod", "mkv", "webm", "avi")


def draw_case(seed: int, number: int) -> Case:
    """The case `number` of `seed`."""
    rng = random.Random(f"{seed} {number}")
    names = sorted(CONTAINERS)
    (container_name,) = rng.choices(names, [_weight(CONTAINERS[name]) for name in names])
    container = CONTAINERS[container_name]
    codec_name = rng.choice(container.codecs)
    codec = CODECS[codec_name]
    pix_fmt = rng.choice(codec.pix_fmts)
    timing = _draw_timing(rng, container_name, container, codec)
    gop = _draw_gop(rng, codec, timing, container_name)
    return Case(
        number=number,
        container_name=container_name,
        codec_name=codec_name,
        pix_fmt=pix_fmt,
        colour=_draw_colour(rng, container, codec, pix_fmt),
        geometry=_draw_geometry(rng, container, codec_name, codec, pix_fmt),
        timing=timing,
        gop=gop,
        damage=_draw_damage(rng, container_name, timing),
        options=_draw_options(rng, timing),
        many_windows=rng.random() < 0.3,
    )


def _weight(container: Container) -> int:
    """Refused containers have few properties of their own."""
    return 2 if container.error else 4 + len(container.codecs) // 2


def _draw_timing(
    rng: random.Random, container_name: str, container: Container, codec: Codec
) -> Timing:
    rate = rng.choice(codec.rates or _RATES)
    if container_name == "gif":
        rate = rng.choice((Fraction(10), Fraction(20), Fraction(25)))
    count = rng.randint(2, max(3, min(48, int(2 * rate))))
    base = Fraction(1, 100) if container_name == "gif" else 1 / rate
    steps = [int(1 / rate / base)] * count
    habits = ["constant"] * 3
    if container.is_stamped:
        habits += ["start offset", "gap"] + ["variable"] * (not codec.rates)
        if container_name == "gif":
            habits.remove("start offset")
    if container_name in ("mp4", "mov", "mp4-faststart", "3gp", "ipod"):
        habits.append("edit list")
    if container_name in _WRAPPING:
        habits += ["wrap", "two recordings", "start offset"]
    if container_name in ("ts", "m2ts"):
        habits.append("few stamps")
    habit = rng.choice(habits)
    if habit == "two recordings" and count < _MIN_RECORDINGS_S * rate:
        habit = "constant"
    if habit == "few stamps" and count <= STAMP_EVERY:
        # One time stamp: MPEG-4 has no rate beside it.
        habit = "constant"
    offset_s = Fraction(0)
    if habit == "variable":
        base = rng.choice((Fraction(1, 600), Fraction(1, 1000)))
        base = Fraction(1, 100) if container_name == "gif" else base
        shortest = max(2, int(Fraction(1, 100) / base))
        steps = [rng.randint(shortest, int(Fraction(rng.choice((5, 15, 40)), 100) / base))
                 for _ in range(min(count, 30))]  # fmt: skip
    elif habit == "gap":
        steps[rng.randrange(count)] += int(Fraction(rng.randint(10, 30), 10) / base)
    elif habit == "start offset":
        offset_s = int(Fraction(rng.choice((1, 15, 37, 600, 72_000)), 10) / base) * base
    elif habit == "wrap":
        before_s = Fraction(rng.randint(1, 15), 10)
        offset_s = int((_WRAP_S - before_s) / base) * base
    elif habit == "edit list":
        offset_s = -rng.randint(1, max(1, count // 2)) * steps[0] * base
    return Timing(habit, base, (0, *accumulate(steps)), offset_s)


def _draw_gop(rng: random.Random, codec: Codec, timing: Timing, container_name: str) -> Gop:
    if not codec.has_gops:
        return Gop(1)
    length = rng.choice((1, 4, 8, 12, 25, 250))
    b_frames = rng.randint(0, codec.max_b_frames) if length > 1 else 0
    if container_name == "avi" and rng.random() < 0.5:
        b_frames = 0
    return Gop(length, b_frames, is_open=b_frames > 0 and rng.random() < 0.5)


def _draw_geometry(
    rng: random.Random, container: Container, codec_name: str, codec: Codec, pix_fmt: str
) -> Geometry:
    width, height = rng.choice(codec.sizes or _SIZES)
    if not codec.sizes:
        width, height = (side + rng.choice((0, 0, 2, 4, 8, 16)) for side in (width, height))
        width, height = (side // codec.step * codec.step for side in (width, height))
        is_free = codec.step == 1 or (codec_name in ("h264", "hevc") and "444" in pix_fmt)
        if is_free and rng.random() < 0.5:
            width, height = width + rng.randint(0, 1), height + rng.randint(0, 1)
    rotation = (0, False)
    if container.rotates and rng.random() < 0.4:
        rotation = (rng.choice((0, 90, 180, 270)), rng.random() < 0.3)
    aspect = codec.aspect
    is_stored = container.has_aspect or (codec.sample_aspect and container.suffix in ("ts", "mkv"))
    if is_stored and aspect == 1 and rng.random() < 0.25:
        aspect = rng.choice(_ASPECTS)
    return Geometry(width, height, rotation, aspect)


def _draw_colour(rng: random.Random, container: Container, codec: Codec, pix_fmt: str) -> Colour:
    places: list[Stored] = []
    if codec.stores:
        places += ["both", "stream"]
    if container.stores and "range" not in (codec.stores ^ container.stores & codec.stores):
        places += ["container"]
    is_yuv = pix_fmt.startswith("yuv") and not pix_fmt.startswith("yuvj")
    if not places or not is_yuv or rng.random() < 0.35:
        return Colour()
    stored = rng.choice(places)
    if not container.stores and stored == "both":
        stored = "stream"
    fields = _stored_fields(container, codec, stored)
    is_full = rng.choice((False, True, None)) if "range" in fields else None
    matrices = [BT709, BT470BG, SMPTE170M, BT2020, *sorted(codec.matrices)]
    matrix = rng.choice(matrices) if "matrix" in fields else UNSPECIFIED
    primaries = transfer = UNSPECIFIED
    if {"primaries", "transfer"} <= fields and rng.random() < 0.6:
        primaries = rng.choice((BT709, BT470BG, SMPTE170M, BT2020, DISPLAY_P3))
        transfer = rng.choice((BT709, SMPTE170M, 13, UNSPECIFIED))
        if primaries == BT2020 and "p10" in pix_fmt:
            transfer = rng.choice((14, PQ, HLG))
            matrix = BT2020
    if container.suffix in ("mp4", "mov") and stored in ("container", "both"):
        # FFmpeg's muxer writes `colr` only if all are specified.
        primaries, transfer = (BT709 if code == UNSPECIFIED else code
                               for code in (primaries, transfer))  # fmt: skip
    return Colour(matrix, is_full, primaries, transfer, stored)


def _stored_fields(container: Container, codec: Codec, stored: Stored) -> frozenset[str]:
    if stored == "container":
        return container.stores
    return codec.stores if stored == "stream" else codec.stores | container.stores


def _draw_damage(rng: random.Random, container_name: str, timing: Timing) -> Damage:
    kinds = ["none"] * 5 + ["truncated", "flipped bytes", "wrong size"]
    if container_name in _CUTTABLE:
        kinds.append("cut head")
    if container_name in _INDEXED:
        kinds.append("missing index")
    if timing.habit in ("two recordings", "few stamps"):
        kinds = ["none"]
    return Damage(rng.choice(kinds), rng.uniform(0.2, 0.98), rng.randrange(1 << 30))


def _draw_options(rng: random.Random, timing: Timing) -> FrameOptions:
    """Options with at least one target, most of them with several."""
    shown_s = timing.times_s[-1] + min(timing.offset_s, Fraction(0))
    options = {"every": rng.choice(_EVERY), "format": "png"}
    start = Fraction(0)
    if rng.random() < 0.35:
        start = Fraction(rng.randrange(max(1, int(shown_s * 80))), 100)
        options["start"] = str(start)
    if rng.random() < 0.3:
        options["end"] = str(start + Fraction(rng.randint(5, 200), 100))
    return FrameOptions.parse(options)
