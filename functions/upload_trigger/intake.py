"""One part an input: what was uploaded. The join: what is to be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.upload_trigger.probe import probe
from shared.domain.effects import Finished
from shared.domain.emotion_options import frames_part
from shared.domain.job import JobInput
from shared.domain.media import plan_windows
from shared.domain.passport import Passport
from shared.domain.pipeline import Bucket, feeds
from shared.errors import InvalidOption, NotAvailableYet, SourceExpired
from shared.media.errors import TooManyFrames, VideoTooLong
from shared.media.ranged import RangeFile
from shared.stage import Task


def examine(task: Task) -> Finished:
    """Read an upload's facts by Range, without downloading it."""
    declared = next(one for one in task.job.inputs if one.name == task.part)
    if declared.name != "video":
        raise NotAvailableYet(f"A job cannot take a {declared.name} in yet.")
    return Finished(facts=_video(task, declared))


def _video(task: Task, declared: JobInput) -> dict[str, Any]:
    there = task.objects.stat(Bucket.UPLOADS, declared.object)
    if there is None:
        raise SourceExpired
    read_at = task.objects.read_at(Bucket.UPLOADS, there.name, there.generation)
    file = RangeFile(read_at, there.size_bytes)
    passport = probe(file, there.size_bytes)
    longest = task.settings.max_duration_s
    if passport.duration is not None and passport.duration > longest:
        raise VideoTooLong(
            f"The video is {float(passport.duration) / 60:.0f} minutes long; "
            f"the limit is {longest / 60:.0f}."
        )
    task.log("upload.examined", size_bytes=there.size_bytes, fetched_bytes=file.fetched_bytes)
    return {
        "object": there.name,
        "generation": there.generation,
        "size_bytes": there.size_bytes,
        "crc32c": there.crc32c,
        "passport": passport.to_dict(),
    }


def plan(task: Task) -> Finished:
    """Plan the stages that follow, out of what the parts found."""
    found = {unit.part: unit.facts for unit in task.part_units()}
    video = found["video"]
    passport = Passport.from_dict(video["passport"])
    specs = _windows(task, passport)
    stages = {"frame_extraction": specs}
    scoring = feeds("frame_extraction", task.job.recipe)
    if scoring is not None:
        # Packs wake this stage before frame_extraction joins, so its total is written here.
        stages[scoring] = tuple({"pack": spec["index"]} for spec in specs)
    return Finished(facts=dict(found), plan=stages, warnings=passport.warnings)


def _windows(task: Task, passport: Passport) -> tuple[Mapping[str, Any], ...]:
    try:
        options = frames_part(task.job.options)
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong
    try:
        windows = plan_windows(passport, options, max_frames=task.settings.max_frames)
    except ValueError as too_much:
        raise TooManyFrames(str(too_much)) from too_much
    return tuple(window.to_dict() for window in windows)
