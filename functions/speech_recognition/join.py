"""The join of speech_recognition: joins the words of all windows, and writes the results."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

from functions.speech_recognition.copies.captioned_video import write_captioned_video
from functions.speech_recognition.segments import (
    describe_languages,
    divide_words,
    find_main_language,
    to_text,
)
from functions.speech_recognition.tracks import describe_tracks
from functions.speech_recognition.window import RecognizedWindow
from functions.speech_recognition.words import join_windows
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import UndecodableSound
from shared.media.reencoding.caption_windows import plan_caption_windows
from shared.recipes.captions.options import CaptionOptions
from shared.recipes.captions.results import (
    MEDIA_INPUT,
    SpeechWindowResult,
    TranscriptResult,
    find_spoken_upload,
)
from shared.recipes.captions.transcript import TRANSCRIPT_NAME, Transcript, format_clock
from shared.recipes.frames.stages import Plan, plan_frame_stages
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import Artifact, ResultKind, StoredObject
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.owner_cache import content_key
from shared.runtime.results_writer import ResultsWriter, read_object
from shared.subtitles.cues import Cue
from shared.subtitles.formats import to_srt, to_vtt
from shared.subtitles.transcript_cues import build_transcript_cues

TRANSCRIPT_VERSION = 2
"""Increase when the same words give other files, so that older ones are not adopted."""
_MAX_MISSING_S, _MAX_SILENT_END_S = 1, 10
"""How much earlier than stated a sound may end, and the sound track of a video."""
NO_SPEECH = "No speech was found in the sound: the captions are empty."
NO_WORDS = "No words were recognized in the sound: the captions are empty."


def write_transcript(context: UnitContext) -> UnitDone:
    """Writes captions.vtt, captions.srt, transcript.txt and transcript.json.

    Raises UndecodableSound when nothing of the sound could be decoded.
    """
    units = context.part_units()
    objects = [artifact.stored_object for unit in units for artifact in unit.artifacts]
    windows = []
    with context.progress_step(0.3):
        for number, stored in enumerate(objects):
            context.check()
            context.report_progress(number / len(objects))
            windows.append(_read_window(context, stored))
    windows.sort(key=lambda window: window.result.window)
    upload = find_spoken_upload(Uploads.require(context.job.facts))
    transcript = build_transcript(windows, upload)
    cues = build_transcript_cues(transcript)
    key = content_key(TRANSCRIPT_VERSION, [list(stored.version) for stored in objects])
    results = ResultsWriter(context.objects, context.job.id, key)
    with context.progress_step(0.5):
        files = _write_files(results, transcript, cues)
    result = _sum_up(windows, transcript, files[-1])
    warnings = transcript.warnings
    # Another recipe may have an option of the same name.
    is_captions = context.job.recipe.find_input(MEDIA_INPUT) is not None
    if is_captions and CaptionOptions.parse(context.job.options).has_subtitle_track:
        copy, notes = write_captioned_video(context, results, upload, cues, transcript.language)
        files += [] if copy is None else [copy]
        warnings += notes
    figures = result.to_dict()
    del figures["transcript"]
    context.log("transcript.written", **figures)
    plan = _plan_next_stages(context, upload)
    return UnitDone(tuple(files), facts=result.to_dict(), plan=plan, warnings=warnings)


def _plan_next_stages(context: UnitContext, upload: Upload) -> Plan | None:
    recipe = context.job.recipe
    next_stage = recipe.next_stage("speech_recognition")
    if next_stage is None:
        return None
    if next_stage == "stitching":
        windows = plan_caption_windows(upload.media_info)
        return {next_stage: tuple(window.to_dict() for window in windows)}
    max_frames = context.settings.max_frames
    return plan_frame_stages(recipe, upload.media_info, context.job.options, max_frames)


def build_transcript(windows: Sequence[RecognizedWindow], upload: Upload) -> Transcript:
    """Returns the transcript of all windows, in their order. Raises UndecodableSound."""
    results = [window.result for window in windows]
    if all(window.is_damaged and not window.result.speech_s for window in windows):
        raise UndecodableSound
    borders = [(after.begin_s, before.end_s) for before, after in pairwise(windows)]
    words = join_windows([window.words for window in windows], borders)
    warnings = [*describe_tracks(upload)]
    warnings += [warning for window in windows for warning in window.warnings]
    warnings += [*_describe_end(windows, upload), *describe_languages(words)]
    if not words:
        warnings.append(NO_WORDS if any(result.speech_s for result in results) else NO_SPEECH)
    return Transcript(
        find_main_language(words), windows[0].engine, divide_words(words), tuple(warnings)
    )


def _describe_end(windows: Sequence[RecognizedWindow], upload: Upload) -> list[str]:
    """Returns a warning if the sound ends earlier than the file states. That of a video may."""
    end_s = max((window.end_s for window in windows if window.end_s > window.begin_s), default=0.0)
    has_pictures = isinstance(upload.info, MediaInfo)
    if any(window.is_damaged for window in windows) or not end_s:
        return []
    if upload.duration_s - end_s < (_MAX_SILENT_END_S if has_pictures else _MAX_MISSING_S):
        return []
    kind = "video" if has_pictures else "sound"
    return [
        f"No sound can be decoded after {format_clock(end_s)}; the {kind} ends at "
        f"{format_clock(upload.duration_s)}."
    ]


def _read_window(context: UnitContext, stored: StoredObject) -> RecognizedWindow:
    return RecognizedWindow.from_dict(json.loads(read_object(context.objects, stored)))


def _write_files(
    results: ResultsWriter, transcript: Transcript, cues: Sequence[Cue]
) -> list[Artifact]:
    """Returns the artifacts, transcript.json last."""
    text = "text/plain; charset=utf-8"
    files: tuple[tuple[str, ResultKind, str, Callable[[], bytes]], ...] = (
        ("captions.vtt", "subtitles", "text/vtt; charset=utf-8", lambda: to_vtt(cues).encode()),
        ("captions.srt", "subtitles", "application/x-subrip; charset=utf-8",
         lambda: to_srt(cues).encode()),
        ("transcript.txt", "transcript", text, lambda: to_text(transcript.segments).encode()),
        (TRANSCRIPT_NAME, "transcript", "application/json", transcript.to_json),
    )  # fmt: skip
    return [results.write(*file) for file in files]


def _sum_up(
    windows: Sequence[RecognizedWindow], transcript: Transcript, file: Artifact
) -> TranscriptResult:
    parts: list[SpeechWindowResult] = [window.result for window in windows]
    return TranscriptResult(
        file.stored_object,
        transcript.language,
        transcript.engine,
        words=sum(len(segment.words) for segment in transcript.segments),
        segments=len(transcript.segments),
        recognized_s=round(sum(part.recognized_s for part in parts), 3),
        calls=sum(part.calls for part in parts),
        hits=sum(part.hits for part in parts),
    )
