"""The sound of the annotated video: which track is used, and its packets, copied or converted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from shared.media.audio.edits import find_empty_edits
from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.mixing import make_resampler, name_channels
from shared.media.containers.demux import raise_if_read_failed
from shared.media.containers.packets import next_packet
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound
from shared.recipes.media_info import MediaInfo, StreamInfo

MP4_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""Codecs that MP4 supports and players can decode."""
_MIN_MP3_RATE_HZ = 16_000
"""MP4 does not register lower rates (ISO/IEC 13818-3)."""
_RATE_HZ = 48_000
_MAX_TWOLOOP_S = 3600
"""The coder `twoloop` takes up to 1.8 s of CPU per minute of sound in each of two passes. In longer
videos `fast` is used, which distorts single tones at full level."""
_BIT_RATES = {1: 96_000, 2: 160_000}
_MAX_TAIL_S = 10
"""Converted sound ends this long after the pictures at the latest."""
TimedPacket = tuple[Fraction, int, Any]
"""Decoding time in seconds, rank in a tie, packet."""


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The sound of the annotated video: the index of its stream in the source, and whether its
    packets are copied; otherwise they are converted to AAC."""

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


def describe_choice(media_info: MediaInfo) -> tuple[str, ...]:
    """Returns warnings for the user: what differs from the sound of the source."""
    if not media_info.audio_codecs:
        return ()
    track, tracks = choose_track(media_info), _tracks(media_info)
    if track is None:
        return ("The annotated video is silent: the sound is in a codec that we cannot decode.",)
    first = tracks[0]
    if not track.is_copied:
        return (
            f"The sound of the annotated video was converted to AAC: an MP4 cannot carry sound in "
            f"{first.codec}.",
        )
    if track.index != first.index:
        return (
            f"The annotated video has the sound of stream {track.index}: an MP4 cannot carry that "
            f"of stream {first.index}, which is in {first.codec}.",
        )
    return ()


def read_sound(
    container: InputContainer, file: RangeFile, media_info: MediaInfo, track: SoundTrack, out: Any
) -> Iterator[TimedPacket]:
    """Adds the stream to `out` and returns its packets, with times from the first picture."""
    stream = next(item for item in container.streams.audio if item.index == track.index)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    is_mov = container.format.name.startswith("mov")
    # FFmpeg has sound where an empty edit of an MP4 asks for silence.
    if track.is_copied and not (is_mov and find_empty_edits(file, stream.id).ranges):
        return _copy(container, file, media_info, stream, out.add_stream_from_template(stream))
    channels = min(2, stream.codec_context.channels)
    coder = "twoloop" if (media_info.duration or 0) <= _MAX_TWOLOOP_S else "fast"
    encoder = out.add_stream("aac", rate=_RATE_HZ, options={"aac_coder": coder})
    encoder.layout, encoder.bit_rate = ("mono", "stereo")[channels - 1], _BIT_RATES[channels]
    return _convert(container, file, media_info, stream, encoder)


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


def _copy(
    container: InputContainer,
    file: RangeFile,
    media_info: MediaInfo,
    source: AudioStream,
    target: Any,
) -> Iterator[TimedPacket]:
    base = Fraction(source.time_base or 0)
    offset = round(media_info.first_pts.seconds / base)
    last = -1
    packets: Iterator[Any] = container.demux(source)
    for packet in iter(partial(next_packet, packets), None):
        if not packet.size or packet.pts is None or packet.pts - offset <= last:
            continue
        last = packet.pts - offset
        packet.pts = packet.dts = last
        packet.stream = target
        yield last * base, 1, packet
    raise_if_read_failed(file)


def _convert(
    container: InputContainer,
    file: RangeFile,
    media_info: MediaInfo,
    source: AudioStream,
    target: Any,
) -> Iterator[TimedPacket]:
    """Yields AAC. The sound of a pause is silence, and damage ends the sound."""
    position: int | None = None
    end = round(((media_info.duration or Fraction(0)) + _MAX_TAIL_S) * _RATE_HZ)
    channels = target.layout.nb_channels
    resampler: AudioResampler | None = None
    frames = decode_timed_frames(container, source, file)
    try:
        for time, frame in frames:
            if position is None:
                start = Fraction(0) if time is None else time - media_info.first_pts.seconds
                position = round(start * _RATE_HZ)
            named = name_channels(frame)
            resampler = resampler or make_resampler(named, _RATE_HZ, channels)
            for block in resampler.resample(named):
                if 0 <= position < end:
                    block.pts, block.time_base = position, Fraction(1, _RATE_HZ)
                    yield from _encode(target, block)
                position += block.samples
            if position >= end:
                break
    except (UndecodableSound, ValueError):
        pass  # the stream changes its format, or is damaged
    yield from _encode(target, None)


def _encode(target: Any, frame: Any) -> Iterator[TimedPacket]:
    for packet in target.encode(frame):
        yield packet.dts * packet.time_base, 1, packet
