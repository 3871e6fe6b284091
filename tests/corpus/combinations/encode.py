"""Encodes the file of a case, with FFmpeg's encoders and muxers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.corpus.byte_edits import remove_timestamps
from tests.corpus.combinations.case import Case
from tests.corpus.combinations.colours import UNSPECIFIED, Floats, to_code_values
from tests.corpus.combinations.picture import (
    GREY_PATCHES,
    HDR_PATCHES,
    SDR_PATCHES,
    Rgb,
    draw_picture,
)
from tests.corpus.combinations.pixels import make_frame
from tests.fixtures.media.clips import cached_file, display_matrix, undo_rotation

STAMP_EVERY = 4
_CACHE = "combination 5"


def encode_case(case: Case) -> bytes:
    """The undamaged file of a case."""
    if case.timing.habit == "two recordings":
        first, second = (encode_case(part) for part in split_recordings(case))
        return first + second
    suffix = case.container.suffix
    path = cached_file(f"{_CACHE} {case.encoding_key()}", suffix, lambda path: _write(case, path))
    data = path.read_bytes()
    if case.timing.habit == "few stamps":
        data = remove_timestamps(data, STAMP_EVERY)
    if case.colour.stored == "stream":
        data = _hide_container_colours(data)
    return data


def split_recordings(case: Case) -> tuple[Case, Case]:
    """The two recordings that follow each other in the file, both from time 0 on; the counters of
    the second follow those of the first."""
    timing, half = case.timing, (case.timing.frame_count + 1) // 2
    ticks = timing.ticks
    parts = (ticks[: half + 1], tuple(tick - ticks[half] for tick in ticks[half:]))
    first, second = (replace(timing, habit="constant", ticks=part) for part in parts)
    return (
        replace(case, timing=first, first_index=0),
        replace(case, timing=second, first_index=half),
    )


def patches_of(case: Case) -> tuple[Rgb, ...]:
    """The colours of the case's pictures."""
    if case.pix_fmt.startswith("gray"):
        return GREY_PATCHES
    return HDR_PATCHES if case.colour.is_hdr else SDR_PATCHES


def _write(case: Case, path: Path) -> None:
    container, timing, geometry = case.container, case.timing, case.geometry
    options = dict(container.options)
    with av.open(str(path), "w", format=container.format, container_options=options) as out:
        steps = [end - begin for begin, end in pairwise(timing.ticks)]
        rate = 1 / (timing.time_base * min(steps))
        if timing.habit == "variable":
            rate = Fraction(30)
        stream: Any = out.add_stream(case.codec.encoder, rate=rate, options=_options(case))
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = geometry.width, geometry.height, case.pix_fmt
        context.time_base, context.thread_count = timing.time_base, 1
        if geometry.aspect != case.codec.aspect:
            context.sample_aspect_ratio = geometry.aspect
        if geometry.rotation != (0, False):
            stream.set_display_matrix(display_matrix(*geometry.rotation))
        tags = case.colour.tags()
        for name, value in tags.items():
            setattr(context, name, value)
        start = int(timing.offset_s / timing.time_base)
        for number, tick in enumerate(timing.ticks[:-1]):
            frame: Any = make_frame(_code_values(case, number), case.pix_fmt, _colour(case))
            for name, value in tags.items():
                setattr(frame, name, value)
            frame.pts, frame.time_base = start + tick, timing.time_base
            frame.duration = timing.ticks[number + 1] - tick
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _colour(case: Case) -> Any:
    # FFmpeg's grey formats are in full range, except in streams that describe their range.
    is_full_grey = case.pix_fmt.startswith("gray") and case.codec_name != "h264"
    if is_full_grey:
        return replace(case.colour, is_full=True)
    is_default = case.colour.matrix == UNSPECIFIED
    return replace(case.colour, matrix=case.codec.default_matrix) if is_default else case.colour


@lru_cache(maxsize=64)
def _upright(number: int, width: int, height: int, patches: tuple[Rgb, ...], colour: Any) -> Floats:
    return to_code_values(draw_picture(number, width, height, patches), colour)


def _code_values(case: Case, number: int) -> Floats:
    geometry = case.geometry
    width, height = geometry.width, geometry.height
    if geometry.rotation[0] in (90, 270):
        width, height = height, width
    number += case.first_index
    picture: Any = _upright(number, width, height, patches_of(case), case.colour)
    return np.ascontiguousarray(undo_rotation(picture, *geometry.rotation))


def _options(case: Case) -> dict[str, str]:
    options, gop = dict(case.codec.options), case.gop
    encoder = case.codec.encoder
    is_hidden = case.colour.stored == "container"
    if encoder == "libx265":
        options["x265-params"] = ":".join([
            "log-level=none", f"keyint={gop.length}", f"min-keyint={gop.length}",
            f"bframes={gop.b_frames}", f"open-gop={int(gop.is_open)}",
            *(["colorprim=unknown", "transfer=unknown", "colormatrix=unknown", "range=limited"]
              if is_hidden else [])])  # fmt: skip
    elif encoder in ("libx264", "libx264rgb"):
        options |= {"g": str(gop.length), "bf": str(gop.b_frames)}
        hidden = ["colorprim=undef", "transfer=undef", "colormatrix=undef", "fullrange=off"]
        parameters = [f"open-gop={int(gop.is_open)}", *(hidden if is_hidden else [])]
        options["x264-params"] = ":".join(parameters)
    elif case.codec.has_gops:
        options["g"] = str(gop.length)
        if case.codec.max_b_frames:
            options["bf"] = str(gop.b_frames)
            # Closed GOPs need a fixed structure.
            options |= {"flags": "-cgop" if gop.is_open else "+cgop", "sc_threshold": str(10**9)}
    if encoder in ("snow", "zmbv", "huffyuv", "ffvhuff", "magicyuv"):
        options["strict"] = "-2"
    return options


def _hide_container_colours(data: bytes) -> bytes:
    """The file without `colr` (ISO/IEC 14496-12 §12.1.5) and Colour (RFC 9559 §5.1.4.1.28.16)."""
    head, rest = data[:4096], data[4096:]
    if head[:4] == b"\x1a\x45\xdf\xa3":
        # An element that no reader knows.
        return head.replace(b"\x55\xb0", b"\x55\xff", 1) + rest
    return data.replace(b"colrnclx", b"freenclx").replace(b"colrnclc", b"freenclc")
