"""Cases whose faults are known, and the work that removes them."""

from __future__ import annotations

from tests.corpus.combinations.case import Case


def pending_work(case: Case) -> str:
    """The name of the pending work that may explain a fault of the case, "" if none does."""
    if case.timing.habit == "two recordings":
        return "time stamps that go back"
    if case.colour.is_hdr or case.colour.is_wide:
        return "wide gamut and high dynamic range"
    if case.codec_name == "smc" or case.pix_fmt == "pal8" or case.codec_name == "msrle":
        return "palettes"
    return ""
