"""The copy of a video with its captions as a subtitle track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from functions.speech_recognition.sound import LIMITS
from shared.entrypoints.stage import UnitContext
from shared.media.containers.faststart import MUX_PASSES, FilmTooLarge
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.recipes.media_info import MediaInfo, StreamInfo
from shared.recipes.stored_object import Artifact, ResultKind
from shared.recipes.upload_results import Upload
from shared.runtime.results_writer import ResultsWriter
from shared.subtitles.cues import Cue
from shared.subtitles.languages import iso_639_2

MP4_NAME, MATROSKA_NAME = "captioned.mp4", "captioned.mkv"
_KIND: ResultKind = "captioned"
_BLOCK_BYTES = 1 << 20
_MP4_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
_MP4_SOUNDS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""Codecs that an MP4 supports and players can decode."""
_MATROSKA_PICTURES = _MP4_PICTURES | {
    "vp8", "theora", "mpeg1video", "mpeg2video", "prores", "ffv1", "mjpeg",
}  # fmt: skip
_MATROSKA_SOUNDS = _MP4_SOUNDS | {
    "vorbis", "mp2", "dts", "truehd", "wavpack", "tta", "pcm_u8", "pcm_s16le", "pcm_s24le",
    "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_mulaw",
    "pcm_alaw",
}  # fmt: skip
_MATROSKA_SUBTITLES = frozenset({"subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle"})
"""Codecs with a mapping to Matroska (RFC 9559 §15 to §17, and its registry of codecs)."""
_WRITE = declare_work(
    "functions.speech_recognition.copies.captioned_film", "write_captioned_in_sandbox", "video"
)


@dataclass(frozen=True, slots=True)
class CopyFormat:
    """The file that a copy is: its container, its name, its media type, and the streams of the
    video that it has, in their order.

    Attributes:
        warnings: Messages for the user: why it is no MP4, and which streams it lacks.
    """

    container: Literal["mp4", "matroska"]
    name: str
    content_type: str
    indexes: tuple[int, ...]
    warnings: tuple[str, ...]


def write_captioned_video(
    context: UnitContext,
    results: ResultsWriter,
    upload: Upload,
    cues: Sequence[Cue],
    language: str,
) -> tuple[Artifact | None, tuple[str, ...]]:
    """Writes the copy once. Returns it, or None, and warnings for the user: why there is none, and
    what it lacks."""
    obstacle, copy = choose_format(upload.media_info)
    if copy is None:
        return None, (f"There is no copy of the video with captions: {obstacle}.",)
    existing = results.find(copy.name, _KIND)
    if existing is not None:
        return existing, copy.warnings
    stored = upload.stored_object
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    try:
        with results.create(copy.name, copy.content_type) as writer:
            run_in_sandbox(
                _WRITE,
                upload.media_info,
                copy.container,
                copy.indexes,
                list(cues),
                iso_639_2(language),
                source=Source(read_at, stored.size_bytes, _BLOCK_BYTES).counted(
                    context.report_progress, MUX_PASSES
                ),
                limits=LIMITS,
                sink=writer,
                check=context.check,
                label=context.job.id,
            )
    except FilmTooLarge:
        return None, ("There is no copy of the video with captions: it is too large for an MP4.",)
    return writer.stored_object.to_artifact(copy.name, _KIND), copy.warnings


def choose_format(media_info: MediaInfo) -> tuple[str, CopyFormat | None]:
    """Returns the format of the copy: an MP4 if it can carry the pictures and all sound, or else a
    Matroska if that can, or else an MP4 without some of the sound. Without a format also why there
    is none."""
    obstacle = _find_file_obstacle(media_info)
    if obstacle is not None:
        return obstacle, None
    pictures = media_info.video.codec
    sounds = [item for item in media_info.streams if item.kind == "audio"]
    missing = [item.codec for item in sounds if item.codec not in _MP4_SOUNDS]
    if pictures in _MP4_PICTURES and not missing:
        return "", _make_mp4(media_info, sounds)
    if pictures in _MATROSKA_PICTURES and all(item.codec in _MATROSKA_SOUNDS for item in sounds):
        kind = f"sound in {missing[0]}" if pictures in _MP4_PICTURES else f"pictures in {pictures}"
        return "", _make_matroska(media_info, f"an MP4 cannot carry {kind}")
    carried = [item for item in sounds if item.codec in _MP4_SOUNDS]
    if pictures in _MP4_PICTURES and carried:
        return "", _make_mp4(media_info, carried)
    if pictures not in _MATROSKA_PICTURES:
        return f"neither an MP4 nor a Matroska can carry pictures in {pictures}", None
    return f"neither an MP4 nor a Matroska can carry sound in {', '.join(missing)}", None


def _find_file_obstacle(media_info: MediaInfo) -> str | None:
    """Returns why no packets can be copied from a file; None if they can."""
    if media_info.discontinuities or media_info.joined_at:
        return "the file consists of several recordings"
    if not media_info.timestamps_reliable:
        return "the time stamps of the file are not reliable"
    return None


def _make_mp4(media_info: MediaInfo, sounds: Sequence[StreamInfo]) -> CopyFormat:
    indexes = _sort_indexes(media_info, sounds)
    warnings = _describe_left_out(media_info, indexes)
    return CopyFormat("mp4", MP4_NAME, "video/mp4", indexes, warnings)


def _make_matroska(media_info: MediaInfo, reason: str) -> CopyFormat:
    copied = [
        item
        for item in media_info.streams
        if item.kind == "audio" or (item.kind == "subtitle" and item.codec in _MATROSKA_SUBTITLES)
    ]
    indexes = _sort_indexes(media_info, copied)
    sentence = (
        f"The copy of the video with captions is a Matroska file ({MATROSKA_NAME}): {reason}."
    )
    warnings = (sentence, *_describe_left_out(media_info, indexes))
    return CopyFormat("matroska", MATROSKA_NAME, "video/x-matroska", indexes, warnings)


def _sort_indexes(media_info: MediaInfo, copied: Sequence[StreamInfo]) -> tuple[int, ...]:
    return tuple(sorted({media_info.video.index, *(item.index for item in copied)}))


def _describe_left_out(media_info: MediaInfo, indexes: Sequence[int]) -> tuple[str, ...]:
    """Returns a warning if the copy lacks pictures, sound or subtitles of the video."""
    left_out = [
        item
        for item in media_info.streams
        if item.kind in ("video", "audio", "subtitle", "attachment") and item.index not in indexes
    ]
    if not left_out:
        return ()
    names = ", ".join(f"{item.index} ({item.kind}, {item.codec})" for item in left_out)
    return (f"The copy of the video with captions lacks the streams {names}.",)
