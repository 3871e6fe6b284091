"""Searches the video for the cuts between frames that differ."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from functions.emotion_scoring.scenes.collector import CUT_RECORD, Candidate
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError
from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import declare_work, iterate_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.recipes.media_info import COUNTED_CONTAINERS, WEBP
from shared.recipes.upload_results import Uploads

MAX_SEARCHED_S = 240
"""The longest time of a video that is decoded for this: half a minute of CPU time for 720p."""
MAX_GRADUAL_S = 120
"""Likewise, for dissolves and fades."""
_AROUND_S = Fraction(1, 2)
"""A dissolve may begin before the frames that differ, and end after them."""
_FIND_CUTS = declare_work("functions.emotion_scoring.scenes.cuts", "find_cuts_in_sandbox")
_FIND_DISSOLVES = declare_work("functions.emotion_scoring.scenes.cuts", "find_dissolves_in_sandbox")
_BLOCK_BYTES = 1 << 20


def locate_cuts(
    context: UnitContext, candidates: Sequence[Candidate]
) -> dict[Candidate, tuple[Fraction, ...]]:
    """Returns the times of the cuts of each candidate; none if something moved.

    Those that differ most are searched, first for cuts and then, where there is none, for dissolves
    and fades. Of the others, and in a video that cannot be searched, the second frame is assumed to
    begin a scene, unless the change is gradual.
    """
    found: dict[Candidate, tuple[Fraction, ...]] = {
        row: () if row.gradual else (row.end,) for row in candidates
    }
    info = Uploads.require(context.job.facts).input("video").media_info
    if info.container.split(",")[0] in COUNTED_CONTAINERS or info.container == WEBP:
        # The file does not say when pictures appear.
        return found
    searched = _select([row for row in candidates if not row.gradual], MAX_SEARCHED_S)
    try:
        cuts = _search(context, _FIND_CUTS, searched, Fraction(0))
        rest = [row for row in candidates if row.gradual or cuts.get(row) == ()]
        gradual = _select(rest, MAX_GRADUAL_S)
        return found | cuts | _search(context, _FIND_DISSOLVES, gradual, _AROUND_S)
    except PermanentError as error:
        context.log("cuts.not_searched", severity="WARNING", reason=error.code)
        return found


def _select(candidates: Sequence[Candidate], max_s: int) -> list[Candidate]:
    selected, rest_s = list[Candidate](), Fraction(max_s)
    for row in sorted(candidates, key=lambda row: (-row.change, row.begin)):
        rest_s -= row.end - row.begin
        if rest_s < 0:
            break
        selected.append(row)
    # The video is read from its beginning to its end.
    return sorted(selected, key=lambda row: row.begin)


def _search(
    context: UnitContext, work: Work, candidates: Sequence[Candidate], around_s: Fraction
) -> dict[Candidate, tuple[Fraction, ...]]:
    """Returns what is found in the candidates, and up to `around_s` before and after them."""
    if not candidates:
        return {}
    video = Uploads.require(context.job.facts).input("video")
    stored = video.stored_object
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    messages = iterate_in_sandbox(
        work,
        video.media_info,
        [(max(Fraction(0), row.begin - around_s), row.end + around_s) for row in candidates],
        source=Source(read_at, stored.size_bytes, _BLOCK_BYTES),
        limits=Limits.for_function(FUNCTIONS["emotion_scoring"]),
        check=context.check,
        label=context.job.id,
    )
    cuts = dict.fromkeys(candidates, tuple[Fraction, ...]())
    for number, numerator, denominator in CUT_RECORD.iter_unpack(b"".join(messages)):
        cuts[candidates[number]] += (Fraction(numerator, denominator),)
    return cuts
