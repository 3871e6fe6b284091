"""One part an input: what was uploaded. The join: what is to be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.upload_trigger.media_info import write_media_info
from functions.upload_trigger.picture import examine_picture
from functions.upload_trigger.probe import probe_video_in_sandbox
from functions.upload_trigger.prompt import examine_prompt
from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from functions.upload_trigger.sound import examine_track
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, NotAvailableYet, SourceExpired
from shared.jobs.claims import UnitDone
from shared.media.errors import EmptyFile, TooManyFrames, VideoTooLong, WorkStopped
from shared.pipeline import Bucket, find_consumer
from shared.recipes.emotions.options import parse_frame_options
from shared.recipes.frames.windows import plan_windows
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import (
    InputInfo,
    PictureInfo,
    PromptInfo,
    SoundInfo,
    Upload,
    Uploads,
)


def examine_upload(context: UnitContext) -> UnitDone:
    """Read an upload's facts, by Range where it may be large."""
    declared = next(one for one in context.job.inputs if one.name == context.part)
    look = _LOOKS.get(declared.name.rstrip("0123456789"))
    if look is None:
        raise NotAvailableYet(f"A job cannot take a {declared.name} in yet.")
    there = context.objects.stat(Bucket.UPLOADS, declared.object)
    if there is None:
        raise SourceExpired
    try:
        info = look(context, there)
    except WorkStopped:
        context.check()
        raise
    context.log("upload.examined", input=declared.name, size_bytes=there.size_bytes)
    upload = Upload(there, declared.filename, info)
    artifacts = (
        (write_media_info(context, declared, upload),) if isinstance(info, MediaInfo) else ()
    )
    return UnitDone(artifacts, facts=upload.to_dict())


def plan_stages(context: UnitContext) -> UnitDone:
    """Plan the stages that follow, out of what the parts found."""
    units = context.part_units()
    uploads = Uploads({unit.part: Upload.from_dict(unit.facts) for unit in units})
    artifacts = tuple(one for unit in units for one in unit.artifacts)
    following = context.job.recipe.next_stage("upload_trigger")
    if following == "stitching":
        return UnitDone(facts=uploads.to_dict(), plan={"stitching": ({"film": "still"},)})
    if following == "slide_generation":
        plan = {"slide_generation": ({"deck": "prompt"},)}
        return UnitDone(facts=uploads.to_dict(), plan=plan)
    return _frames_plan(context, uploads, artifacts)


def _video(context: UnitContext, there: StoredObject) -> MediaInfo:
    if not there.size_bytes:
        raise EmptyFile
    told = probe_in_sandbox(
        context.objects,
        there,
        probe_video_in_sandbox,
        should_stop=context.should_stop,
        label=context.job.id,
    )
    media_info = MediaInfo.from_dict(told)
    longest = context.settings.max_duration_s
    if media_info.duration is not None and media_info.duration > longest:
        raise VideoTooLong(
            f"The video is {float(media_info.duration) / 60:.0f} minutes long; "
            f"the limit is {longest / 60:.0f}."
        )
    return media_info


def _picture(context: UnitContext, there: StoredObject) -> PictureInfo:
    return examine_picture(context.objects, there, context.should_stop)


def _prompt(context: UnitContext, there: StoredObject) -> PromptInfo:
    return examine_prompt(context.objects, there)


def _sound(context: UnitContext, there: StoredObject) -> SoundInfo:
    return examine_track(context.objects, there, context.should_stop)


_LOOKS: Mapping[str, Callable[[UnitContext, StoredObject], InputInfo]] = {
    "video": _video,
    "picture": _picture,
    "prompt": _prompt,
    "sound": _sound,
    "music": _sound,
}
"""How each input is examined, by its name in the recipe."""


def _frames_plan(
    context: UnitContext, uploads: Uploads, artifacts: tuple[Artifact, ...]
) -> UnitDone:
    media_info = uploads.input("video").media_info
    specs = _windows(context, media_info)
    stages = {"frame_extraction": specs}
    scoring = find_consumer("frame_extraction", context.job.recipe)
    if scoring is not None:
        # Packs wake this stage before frame_extraction joins, so its total is written here.
        stages[scoring] = tuple({"pack": spec["index"]} for spec in specs)
    return UnitDone(artifacts, facts=uploads.to_dict(), plan=stages, warnings=media_info.warnings)


def _windows(context: UnitContext, media_info: MediaInfo) -> tuple[Mapping[str, Any], ...]:
    try:
        options = parse_frame_options(context.job.options)
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong
    try:
        windows = plan_windows(media_info, options, max_frames=context.settings.max_frames)
    except ValueError as too_much:
        raise TooManyFrames(str(too_much)) from too_much
    return tuple(window.to_dict() for window in windows)
