"""Which of several sound tracks is recognized, and the warnings about the others."""

from __future__ import annotations

from collections.abc import Sequence

from shared.recipes.media_info import MediaInfo, StreamInfo
from shared.recipes.upload_results import Upload


def find_spoken_track(media_info: MediaInfo) -> StreamInfo | None:
    """Returns the sound track that `choose_sound` chooses in shared/media/audio; None without
    one."""
    tracks = _sound_tracks(media_info)
    return min(
        tracks,
        key=lambda row: (row.codec == "unknown", row.additional, not row.default, row.index),
        default=None,
    )


def describe_tracks(upload: Upload) -> tuple[str, ...]:
    """Returns a warning if the video has more sound tracks than the one that is recognized."""
    if not isinstance(upload.info, MediaInfo):
        return ()
    spoken = find_spoken_track(upload.info)
    others = [track for track in _sound_tracks(upload.info) if track != spoken]
    if spoken is None or not others:
        return ()
    noun, verb = ("track", "was") if len(others) == 1 else ("tracks", "were")
    return (
        f"The captions are those of {_name(spoken)}; the other sound {noun} {verb} not "
        f"recognized: {', '.join(map(_name, others))}.",
    )


def _sound_tracks(media_info: MediaInfo) -> Sequence[StreamInfo]:
    return [item for item in media_info.streams if item.kind == "audio"]


def _name(track: StreamInfo) -> str:
    has_language = track.language not in ("", "und")
    return f"stream {track.index} ({track.language})" if has_language else f"stream {track.index}"
