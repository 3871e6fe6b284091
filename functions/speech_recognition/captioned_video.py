"""The copy of a video with its captions as a subtitle track."""

from __future__ import annotations

from collections.abc import Sequence

from functions.speech_recognition.sound import LIMITS
from shared.entrypoints.stage import UnitContext
from shared.media.containers.faststart import FilmTooLarge
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.recipes.media_info import MediaInfo, StreamInfo
from shared.recipes.stored_object import Artifact, ResultKind
from shared.recipes.upload_results import Upload
from shared.runtime.results_writer import ResultsWriter
from shared.subtitles.cues import Cue
from shared.subtitles.languages import iso_639_2

CAPTIONED_NAME = "captioned.mp4"
_KIND: ResultKind = "captioned"
_BLOCK_BYTES = 1 << 20
_VIDEO_CODECS = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
_SOUND_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""Codecs that an MP4 supports and players can decode."""
_WRITE = declare_work(
    "functions.speech_recognition.captioned_film", "write_captioned_in_sandbox", "video"
)


def write_captioned_video(
    context: UnitContext,
    results: ResultsWriter,
    upload: Upload,
    cues: Sequence[Cue],
    language: str,
) -> tuple[Artifact | None, tuple[str, ...]]:
    """Writes the copy once. Returns it, or None, and warnings for the user: why there is none, and
    what it lacks."""
    media_info = upload.media_info
    obstacle = find_obstacle(media_info)
    if obstacle is not None:
        return None, (f"There is no copy of the video with captions: {obstacle}.",)
    sounds = [item for item in media_info.streams if _is_copied(item)]
    warnings = describe_left_out(media_info, sounds)
    existing = results.find(CAPTIONED_NAME, _KIND)
    if existing is not None:
        return existing, warnings
    stored = upload.stored_object
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    try:
        with results.create(CAPTIONED_NAME, "video/mp4") as writer:
            run_in_sandbox(
                _WRITE,
                media_info,
                [item.index for item in sounds],
                list(cues),
                iso_639_2(language),
                source=Source(read_at, stored.size_bytes, _BLOCK_BYTES),
                limits=LIMITS,
                sink=writer,
                check=context.check,
                label=context.job.id,
            )
    except FilmTooLarge:
        return None, ("There is no copy of the video with captions: it is too large for an MP4.",)
    return writer.stored_object.to_artifact(CAPTIONED_NAME, _KIND), warnings


def find_obstacle(media_info: MediaInfo) -> str | None:
    """Returns why no MP4 can have the packets of a video; None if one can."""
    if media_info.video.codec not in _VIDEO_CODECS:
        return f"an MP4 cannot carry pictures in {media_info.video.codec}"
    if not any(_is_copied(item) for item in media_info.streams):
        return f"an MP4 cannot carry sound in {', '.join(media_info.audio_codecs)}"
    if media_info.discontinuities or media_info.joined_at:
        return "the file consists of several recordings"
    if not media_info.timestamps_reliable:
        return "the time stamps of the file are not reliable"
    return None


def describe_left_out(media_info: MediaInfo, sounds: Sequence[StreamInfo]) -> tuple[str, ...]:
    """Returns a warning if the copy lacks sound or subtitles of the video."""
    indexes = {media_info.video.index, *(item.index for item in sounds)}
    left_out = [
        item
        for item in media_info.streams
        if item.kind in ("audio", "subtitle") and item.index not in indexes
    ]
    if not left_out:
        return ()
    names = ", ".join(f"{item.index} ({item.kind}, {item.codec})" for item in left_out)
    return (f"The copy of the video with captions lacks the streams {names}.",)


def _is_copied(item: StreamInfo) -> bool:
    return item.kind == "audio" and item.codec in _SOUND_CODECS
