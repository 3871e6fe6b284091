"""One part an input: what was uploaded. The join: what is to be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.upload_trigger.media_info import declare
from functions.upload_trigger.picture import examine_picture
from functions.upload_trigger.probe import look_at_video
from functions.upload_trigger.prompt import examine_prompt
from functions.upload_trigger.sandboxed_probe import look_inside
from functions.upload_trigger.sound import examine_track
from shared.entrypoints.stage import Task
from shared.errors import InvalidOption, NotAvailableYet, SourceExpired
from shared.jobs.claims import Finished
from shared.media.errors import EmptyFile, Stopped, TooManyFrames, VideoTooLong
from shared.pipeline import Bucket, feeds
from shared.recipes.emotions.options import frames_part
from shared.recipes.frames.windows import plan_windows
from shared.recipes.media_info import Passport
from shared.recipes.stored_object import Artefact, StoredObject
from shared.recipes.upload_results import (
    InputInfo,
    PictureInfo,
    PromptInfo,
    SoundInfo,
    Upload,
    Uploads,
)


def examine(task: Task) -> Finished:
    """Read an upload's facts, by Range where it may be large."""
    declared = next(one for one in task.job.inputs if one.name == task.part)
    look = _LOOKS.get(declared.name.rstrip("0123456789"))
    if look is None:
        raise NotAvailableYet(f"A job cannot take a {declared.name} in yet.")
    there = task.objects.stat(Bucket.UPLOADS, declared.object)
    if there is None:
        raise SourceExpired
    try:
        info = look(task, there)
    except Stopped:
        task.check()
        raise
    task.log("upload.examined", input=declared.name, size_bytes=there.size_bytes)
    upload = Upload(there, declared.filename, info)
    artefacts = (declare(task, declared, upload),) if isinstance(info, Passport) else ()
    return Finished(artefacts, facts=upload.to_dict())


def plan(task: Task) -> Finished:
    """Plan the stages that follow, out of what the parts found."""
    units = task.part_units()
    uploads = Uploads({unit.part: Upload.from_dict(unit.facts) for unit in units})
    artefacts = tuple(one for unit in units for one in unit.artefacts)
    following = task.job.recipe.after("upload_trigger")
    if following == "stitching":
        return Finished(facts=uploads.to_dict(), plan={"stitching": ({"film": "still"},)})
    if following == "slide_generation":
        plan = {"slide_generation": ({"deck": "prompt"},)}
        return Finished(facts=uploads.to_dict(), plan=plan)
    return _frames_plan(task, uploads, artefacts)


def _video(task: Task, there: StoredObject) -> Passport:
    if not there.size_bytes:
        raise EmptyFile
    told = look_inside(
        task.objects, there, look_at_video, should_stop=task.should_stop, label=task.job.id
    )
    passport = Passport.from_dict(told)
    longest = task.settings.max_duration_s
    if passport.duration is not None and passport.duration > longest:
        raise VideoTooLong(
            f"The video is {float(passport.duration) / 60:.0f} minutes long; "
            f"the limit is {longest / 60:.0f}."
        )
    return passport


def _picture(task: Task, there: StoredObject) -> PictureInfo:
    return examine_picture(task.objects, there, task.should_stop)


def _prompt(task: Task, there: StoredObject) -> PromptInfo:
    return examine_prompt(task.objects, there)


def _sound(task: Task, there: StoredObject) -> SoundInfo:
    return examine_track(task.objects, there, task.should_stop)


_LOOKS: Mapping[str, Callable[[Task, StoredObject], InputInfo]] = {
    "video": _video,
    "picture": _picture,
    "prompt": _prompt,
    "sound": _sound,
    "music": _sound,
}
"""How each input is examined, by its name in the recipe."""


def _frames_plan(task: Task, uploads: Uploads, artefacts: tuple[Artefact, ...]) -> Finished:
    passport = uploads.input("video").passport
    specs = _windows(task, passport)
    stages = {"frame_extraction": specs}
    scoring = feeds("frame_extraction", task.job.recipe)
    if scoring is not None:
        # Packs wake this stage before frame_extraction joins, so its total is written here.
        stages[scoring] = tuple({"pack": spec["index"]} for spec in specs)
    return Finished(artefacts, facts=uploads.to_dict(), plan=stages, warnings=passport.warnings)


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
