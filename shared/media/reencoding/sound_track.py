"""Which sound track of a video its copy with drawn pictures has."""

from __future__ import annotations

from dataclasses import dataclass

from shared.recipes.media_info import MediaInfo, StreamInfo

MP4_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""Codecs that MP4 supports and players can decode."""
_MIN_MP3_RATE_HZ = 16_000
"""MP4 does not register lower rates (ISO/IEC 13818-3)."""


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The index of a stream of the source, and whether its packets are copied; otherwise they are
    converted to AAC."""

    index: int
    is_copied: bool


def choose_track(media_info: MediaInfo) -> SoundTrack | None:
    """Returns the first track that an MP4 can carry, or else the first one, to be converted.

    Tracks that the file marks as default come first. Commentaries and descriptions are used only
    if there is nothing else. None if no track can be decoded.
    """
    tracks = _tracks(media_info)
    for track in tracks:
        if _is_carriable(track):
            return SoundTrack(track.index, is_copied=True)
    return SoundTrack(tracks[0].index, is_copied=False) if tracks else None


def describe_choice(media_info: MediaInfo, copy: str) -> tuple[str, ...]:
    """Returns warnings for the user: what differs from the sound of the source.

    Args:
        copy: What users call the copy, such as "annotated video".
    """
    if not media_info.audio_codecs:
        return ()
    track, tracks = choose_track(media_info), _tracks(media_info)
    if track is None:
        return (f"The {copy} is silent: the sound is in a codec that we cannot decode.",)
    first = tracks[0]
    if not track.is_copied:
        return (
            f"The sound of the {copy} was converted to AAC: an MP4 cannot carry sound in "
            f"{first.codec}.",
        )
    if track.index != first.index:
        return (
            f"The {copy} has the sound of stream {track.index}: an MP4 cannot carry that "
            f"of stream {first.index}, which is in {first.codec}.",
        )
    return ()


def _tracks(media_info: MediaInfo) -> list[StreamInfo]:
    """Returns the tracks that can be decoded, the most suitable ones first."""
    tracks = [
        item for item in media_info.streams if item.kind == "audio" and item.codec != "unknown"
    ]
    main = [track for track in tracks if not track.additional] or tracks
    return sorted(main, key=lambda track: not track.default)


def _is_carriable(track: StreamInfo) -> bool:
    rate_hz = track.size[0] if track.size else 0
    return track.codec in MP4_CODECS and (track.codec != "mp3" or rate_hz >= _MIN_MP3_RATE_HZ)
