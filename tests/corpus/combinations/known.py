"""Faults that are known, and the work that removes them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.corpus.combinations.case import Case
from tests.corpus.combinations.colours import BT709
from tests.corpus.combinations.sound import SoundCase


def pending_work(case: Case, faults: Sequence[str]) -> str:
    """The name of the pending work that explains all faults of the case, "" if none does."""
    if case.timing.habit == "two recordings" and case.colour.light_primaries != BT709:
        return "time stamps that go back; wide gamut"
    if case.timing.habit == "two recordings":
        return "time stamps that go back"
    if case.codec_name in ("smc", "msrle", "rpza", "qtrle") or case.pix_fmt == "pal8":
        return "palettes and keyframes that are none"
    if any("csp:(null)" in fault for fault in faults):
        return "matrices that no table names"
    if not all("colour (" in fault or "more" in fault or "FFmpeg" in fault for fault in faults):
        return ""
    colour = case.colour
    if colour.is_hdr or colour.light_primaries != BT709:
        return "wide gamut and high dynamic range"
    fields = {"matrix"} if colour.is_full is None else {"matrix", "range"}
    if colour.stored == "container" or (colour.stored == "both" and fields - case.codec.stores):
        return "colours that only the container describes"
    return ""


def pending_sound_work(case: SoundCase) -> str:
    """Like `pending_work`, for sounds."""
    if case.pause is not None or case.muxer == "adts":
        return "pauses and lengths of sounds"
    return "down-mix" if case.layout not in ("mono", "stereo") else ""
