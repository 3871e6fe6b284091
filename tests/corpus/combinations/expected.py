"""The pictures that a case must give, and the differences of an outcome from them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from shared.media.images.frame import BgrImage
from tests.corpus.combinations.case import Case
from tests.corpus.combinations.encode import STAMP_EVERY, patches_of
from tests.corpus.combinations.oracle import find_errors
from tests.corpus.combinations.picture import read_index, read_patches
from tests.corpus.outcome import Outcome
from tests.fixtures.media.counter import UnreadableCounterError

CODES_FOR_DAMAGE = frozenset({
    "not-a-video", "no-video-stream", "video-truncated", "undecodable-video", "no-frames",
    "unsupported-codec", "video-too-large", "video-too-long", "too-many-frames",
    "too-much-memory", "too-much-work", "external-media", "encrypted-video",
})  # fmt: skip
"""Refusals of damaged files. Flipped bytes in a header may declare any size or place."""


@dataclass(frozen=True)
class Shown:
    """The pictures of a case from its first shown one on: times from there, and the end."""

    first_index: int
    times_s: tuple[Fraction, ...]
    end_s: Fraction
    tick_s: Fraction
    """The resolution of the container's time stamps: twice the error of rounding."""
    last_duration_s: Fraction
    """The most that the container can leave open about the end."""

    @classmethod
    def of(cls, case: Case) -> Shown:
        timing, container = case.timing, case.container
        times_s = timing.times_s
        skipped = 0
        if timing.habit == "edit list":
            skipped = sum(time_s < -timing.offset_s for time_s in times_s[:-1])
        times = tuple(time_s - times_s[skipped] for time_s in times_s[skipped:])
        last_s = times[-1] - times[-2]
        previous_s = times[-2] - times[-3] if len(times) > 2 else last_s
        # Without a stored duration the last picture is as long as the one before it, or an average.
        is_exact = container.tick is None and timing.habit not in ("variable", "gap")
        slack = Fraction(0) if is_exact else max(previous_s, times[-1] / (len(times) - 1), last_s)
        tick_s = container.tick or Fraction(0)
        if timing.habit == "few stamps":
            # Times without a stamp add up rounded durations.
            tick_s *= STAMP_EVERY
        if timing.habit == "two recordings":
            # The end of the first one is rounded, and the times of the second.
            tick_s *= 2
        if container.format in ("mpeg", "vob"):
            # FFmpeg's muxer stamps some pictures with the time of the next one.
            tick_s = times[1] - times[0]
        return cls(case.first_index + skipped, times[:-1], times[-1], tick_s, slack)

    def indexes_at(self, time_s: Fraction) -> set[int]:
        """The pictures that may be shown at a time, given the rounding of time stamps."""
        found = (bisect_right(self.times_s, time_s + error) - 1
                 for error in (-self.tick_s, Fraction(0), self.tick_s))  # fmt: skip
        return {self.first_index + max(0, index) for index in found}

    def counts(self, case: Case) -> range:
        """How many frames there may be."""
        shortest = longest = self.end_s
        if self.last_duration_s:
            shortest, longest = self.times_s[-1], self.times_s[-1] + self.last_duration_s
        return range(_count(case, shortest - self.tick_s), _count(case, longest + self.tick_s) + 1)


def _count(case: Case, end_s: Fraction) -> int:
    options = case.options
    stop = end_s if options.end is None else min(end_s, options.end)
    return max(0, -((options.start - stop) // options.every))


def find_faults(case: Case, data: bytes, outcome: Outcome) -> list[str]:
    """The differences between the outcome and what is right for the case, a phrase each."""
    if case.container.error:
        return [] if outcome.code == case.container.error else [outcome.code or "not refused"]
    shown = Shown.of(case)
    counts = shown.counts(case)
    if outcome.code:
        return _find_refusal_faults(case, outcome, counts)
    if case.damage.kind == "cut head":
        return _find_faults_after_cut(case, shown, outcome, data)
    if case.damage.kind == "none":
        return _find_exact_faults(case, shown, outcome)
    return _find_damage_faults(case, shown, outcome, data)


def _find_refusal_faults(case: Case, outcome: Outcome, counts: range) -> list[str]:
    # Beyond the end there is nothing: `start` may lie behind the last picture.
    if outcome.code in ("no-frames", "too-many-frames") and counts.start == 0:
        return []
    if case.damage.kind != "none" and outcome.code in CODES_FOR_DAMAGE:
        return []
    return [f"failed: {outcome.code}: {outcome.message[-300:]}"]


def _find_exact_faults(case: Case, shown: Shown, outcome: Outcome) -> list[str]:
    faults = []
    counts, count = shown.counts(case), len(outcome.pictures)
    if count not in counts:
        faults.append(f"{count} frames, not {counts.start} to {counts.stop - 1}")
    faults += _find_picture_faults(case, shown, outcome)
    faults += [f"warns: {warning}" for warning in outcome.warnings]
    return faults


def _find_picture_faults(case: Case, shown: Shown, outcome: Outcome) -> list[str]:
    faults = []
    for picture, stamp in zip(outcome.pictures, outcome.stamps, strict=True):
        right = shown.indexes_at(stamp.target)
        index = index_of(picture)
        where = f"at {float(stamp.target):g} s"
        if index not in right:
            faults.append(f"picture {index} {where}, not {sorted(right)}")
            continue
        time_s = shown.times_s[index - shown.first_index]
        actual_s = stamp.pts.seconds - outcome.first_pts_s
        if case.container.is_stamped and abs(actual_s - time_s) > shown.tick_s:
            faults.append(f"time {float(actual_s):g} s {where}, not {float(time_s):g}")
        size = display_size(case)
        if (picture.shape[1], picture.shape[0]) != size:
            faults.append(f"size {picture.shape[1]}×{picture.shape[0]}, not {size[0]}×{size[1]}")
        for actual, wanted in zip(read_patches(picture), patches_of(case), strict=True):
            error = max(abs(a - b) for a, b in zip(actual, wanted, strict=True))
            if error > case.tolerance:
                faults.append(f"colour {actual} {where}, not {wanted}")
    return faults[:3] + [f"and {len(faults) - 3} more"] * (len(faults) > 3)


def _find_damage_faults(case: Case, shown: Shown, outcome: Outcome, data: bytes) -> list[str]:
    """Damage may cost pictures or spoil them, but not without a warning, unless no decoder notices
    it: then nothing can be said."""
    counts, count = shown.counts(case), len(outcome.pictures)
    faults = _find_picture_faults(case, shown, outcome)
    if count > counts.stop - 1:
        faults.append(f"{count} frames, not {counts.stop - 1} at most")
    if count < counts.start:
        faults.append(f"{count} frames, not {counts.start}")
    if not faults or outcome.warnings:
        return _find_stale_pictures(case, shown, outcome) if case.damage.kind == "truncated" else []
    rotation = case.geometry.rotation
    targets_s = [stamp.target for stamp in outcome.stamps]
    errors = find_errors(data, shown.times_s, shown.first_index, rotation, targets_s)
    if case.damage.kind == "flipped bytes" and not errors:
        return _find_early_pictures(shown, outcome) if case.container_name == "avi" else []
    return [f"no warning: {fault}" for fault in faults] + [f"FFmpeg: {errors[:2]}"]


def _find_early_pictures(shown: Shown, outcome: Outcome) -> list[str]:
    """Frames of an AVI that show a later picture: FFmpeg passed over a chunk without an error. No
    time stamp can be damaged, and no damage makes a decoder return a later picture."""
    return [
        f"no warning: picture {index} at {float(stamp.target):g} s"
        for picture, stamp in zip(outcome.pictures, outcome.stamps, strict=True)
        if (index := index_of(picture)) is not None and index > max(shown.indexes_at(stamp.target))
    ][:3]


def _find_stale_pictures(case: Case, shown: Shown, outcome: Outcome) -> list[str]:
    """Frames of a truncated file that show another picture; the last picture may be incomplete."""
    faults = []
    last = max((index for picture in outcome.pictures
                if (index := index_of(picture)) is not None), default=0)  # fmt: skip
    for picture, stamp in zip(outcome.pictures, outcome.stamps, strict=True):
        index, right = index_of(picture), shown.indexes_at(stamp.target)
        # Pictures that precede the last one in display order may come after it in the file.
        is_complete = max(right) < last - case.gop.b_frames or max(right) == last
        if index is not None and index not in right and is_complete:
            faults.append(f"picture {index} at {float(stamp.target):g} s, not {sorted(right)}")
    return faults[:3]


def _find_faults_after_cut(case: Case, shown: Shown, outcome: Outcome, data: bytes) -> list[str]:
    """The pictures begin with a later one, from which the times count."""
    indexes = [index_of(picture) for picture in outcome.pictures]
    first = next((index for index in indexes if index is not None), None)
    if first is None:
        return [] if outcome.warnings else ["no warning, and no readable picture"]
    start_s = shown.times_s[first] - outcome.stamps[indexes.index(first)].target
    duration_s = max(b - a for a, b in zip(shown.times_s, shown.times_s[1:], strict=False))
    faults = []
    for index, stamp in zip(indexes, outcome.stamps, strict=True):
        right = range(
            min(shown.indexes_at(stamp.target + start_s)),
            max(shown.indexes_at(stamp.target + start_s + duration_s)) + 1,
        )
        if index not in right:
            faults.append(f"picture {index} at {float(stamp.target):g} s, not {right}")
    return faults[:3] if faults and not (outcome.warnings) else []


def index_of(picture: BgrImage) -> int | None:
    """The counter in a picture, None if it cannot be read."""
    try:
        return read_index(picture)
    except UnreadableCounterError:
        return None


def display_size(case: Case) -> tuple[int, int]:
    """The size of the pictures: the shorter side is stretched to square pixels."""
    geometry = case.geometry
    width, height = geometry.width, geometry.height
    if geometry.aspect > 1:
        width = round(width * geometry.aspect)
    else:
        height = round(height / geometry.aspect)
    return (height, width) if geometry.rotation[0] in (90, 270) else (width, height)
