"""The handlers of upload_trigger: a part examines one input, the join plans the next stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.upload_trigger.media import examine_media
from functions.upload_trigger.media_info import find_media_info, write_media_info
from functions.upload_trigger.picture import examine_picture
from functions.upload_trigger.prompt import examine_prompt
from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from functions.upload_trigger.sound import examine_sound
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, SourceExpired, UploadDiffers, UploadTooLarge
from shared.jobs.model import JobInput
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import EmptyFile, TooManyFrames, VideoTooLong
from shared.media.reencoding.caption_windows import CannotBurnCaptions, plan_caption_windows
from shared.media.sandbox.run import declare_work
from shared.pipeline import Bucket
from shared.recipes.captions.options import CaptionOptions
from shared.recipes.captions.results import find_spoken_upload, plan_speech_windows
from shared.recipes.frames.stages import Plan, plan_frame_stages
from shared.recipes.media_info import MediaInfo
from shared.recipes.option_values import InvalidOptions
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import (
    InputInfo,
    PictureInfo,
    PromptInfo,
    SoundInfo,
    Upload,
    Uploads,
)

_PROBE_VIDEO = declare_work("functions.upload_trigger.probes.video", "probe_video_in_sandbox")


def examine_upload(context: UnitContext) -> UnitDone:
    """Examines an upload. Files that can be large are read in ranges.

    Raises SourceExpired, UploadTooLarge, UploadDiffers and the errors of the examiners.
    """
    declared = _declared_input(context)
    examine = EXAMINERS[declared.name.rstrip("0123456789")]
    stored = context.objects.stat(Bucket.UPLOADS, declared.object)
    if stored is None:
        raise SourceExpired
    if stored.size_bytes > declared.size_bytes:
        # It would be stored without being counted.
        context.objects.delete(stored.bucket, stored.name, stored.generation)
        raise UploadTooLarge
    if not declared.accepts(stored.crc32c):
        raise UploadDiffers(
            f"The upload has the CRC32C {stored.crc32c}, not {declared.crc32c}; "
            "upload the file again and redrive the job."
        )
    info = examine(context, stored)
    context.log("upload.examined", input=declared.name, size_bytes=stored.size_bytes)
    upload = Upload(stored, declared.filename, info)
    artifacts = (
        (write_media_info(context, declared, upload),) if isinstance(info, MediaInfo) else ()
    )
    return UnitDone(artifacts, facts=upload.to_dict())


def _declared_input(context: UnitContext) -> JobInput:
    """Returns the input that this part examines."""
    return next(item for item in context.job.inputs if item.name == context.part)


def plan_stages(context: UnitContext) -> UnitDone:
    """Plans the next stages from the results of the parts."""
    units = context.part_units()
    context.report_progress(0.5)
    uploads = Uploads({unit.part: Upload.from_dict(unit.facts) for unit in units})
    artifacts = tuple(artifact for unit in units for artifact in unit.artifacts)
    # The name tells pictures apart: a deck may have several.
    warnings = tuple(
        f"{upload.filename}: {warning}"
        for upload in uploads.inputs.values()
        if isinstance(upload.info, PictureInfo | SoundInfo)
        for warning in upload.warnings
    )
    next_stage = context.job.recipe.next_stage("upload_trigger")
    if next_stage == "stitching":
        plan: dict[str, Any] = {"stitching": ({"film": "still"},)}
        return UnitDone(facts=uploads.to_dict(), plan=plan, warnings=warnings)
    if next_stage == "speech_recognition":
        upload = find_spoken_upload(uploads)
        if context.job.recipe.next_stage("speech_recognition") == "frame_extraction":
            # Its join plans the frames. Options that cannot be used are refused before any work.
            _plan_frames(context, upload.media_info)
        plan = {"speech_recognition": plan_speech_windows(upload.duration_s)}
        return UnitDone(artifacts, uploads.to_dict(), plan, warnings=upload.warnings)
    if next_stage == "slide_generation":
        plan = {"slide_generation": ({"deck": "prompt"},)}
        return UnitDone(facts=uploads.to_dict(), plan=plan, warnings=warnings)
    media_info = uploads.input("video").media_info
    plan = dict(_plan_frames(context, media_info))
    return UnitDone(artifacts, uploads.to_dict(), plan, (*media_info.warnings, *warnings))


def _examine_video(context: UnitContext, stored: StoredObject) -> MediaInfo:
    if not stored.size_bytes:
        raise EmptyFile
    existing = find_media_info(context, _declared_input(context), stored)
    if existing is not None:
        return existing
    data = probe_in_sandbox(
        context.objects,
        stored,
        _PROBE_VIDEO,
        check=context.check,
        label=context.job.id,
    )
    return _check_duration(context, MediaInfo.from_dict(data))


def _check_duration(context: UnitContext, media_info: MediaInfo) -> MediaInfo:
    max_duration_s = context.settings.max_duration_s
    if media_info.duration is not None and media_info.duration > max_duration_s:
        raise VideoTooLong(
            f"The video is {float(media_info.duration) / 60:.0f} minutes long; "
            f"the limit is {max_duration_s / 60:.0f}."
        )
    return media_info


def _examine_media(context: UnitContext, stored: StoredObject) -> MediaInfo | SoundInfo:
    if not stored.size_bytes:
        raise EmptyFile
    existing = find_media_info(context, _declared_input(context), stored)
    if existing is not None:
        return existing
    max_duration_s = context.settings.max_duration_s
    info = examine_media(context.objects, stored, max_duration_s, context.check, context.job.id)
    options = CaptionOptions.parse(context.job.options)
    if not isinstance(info, MediaInfo):
        if options.video != "none":
            raise InvalidOption("The upload has no pictures to add captions to; choose video none.")
        return info
    if options.is_burned:
        # Before the speech recognition, which costs money.
        try:
            plan_caption_windows(info)
        except CannotBurnCaptions as error:
            raise InvalidOption(
                f"No captions can be drawn into the pictures of the video: {error}. Choose video "
                "soft or none."
            ) from error
    return _check_duration(context, info)


def _examine_picture(context: UnitContext, stored: StoredObject) -> PictureInfo:
    return examine_picture(context.objects, stored, context.check)


def _examine_prompt(context: UnitContext, stored: StoredObject) -> PromptInfo:
    return examine_prompt(context.objects, stored)


def _examine_sound(context: UnitContext, stored: StoredObject) -> SoundInfo:
    return examine_sound(context.objects, stored, context.check)


EXAMINERS: Mapping[str, Callable[[UnitContext, StoredObject], InputInfo]] = {
    "video": _examine_video,
    "media": _examine_media,
    "picture": _examine_picture,
    "prompt": _examine_prompt,
    "sound": _examine_sound,
    "music": _examine_sound,
}
"""The examiner of each input, by its name in the recipe."""


def _plan_frames(context: UnitContext, media_info: MediaInfo) -> Plan:
    max_frames = context.settings.max_frames
    try:
        return plan_frame_stages(context.job.recipe, media_info, context.job.options, max_frames)
    except InvalidOptions as error:
        raise InvalidOption(str(error)) from error
    except ValueError as error:
        raise TooManyFrames(str(error)) from error
