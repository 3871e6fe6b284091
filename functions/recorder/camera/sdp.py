"""The tracks in the SDP (RFC 8866) of an RTSP camera that can be recorded."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from functions.recorder.camera.depacketize_audio import AacDepacketizer, G711Depacketizer
from functions.recorder.camera.depacketize_video import H264Depacketizer, H265Depacketizer
from functions.recorder.camera.rtp import Depacketizer
from functions.recorder.errors import UnsupportedCameraCodec
from functions.recorder.packets import Track

MAX_MEDIA = 16
_STATIC_PAYLOADS = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""Payload types that need no rtpmap (RFC 3551 §6)."""
_VIDEO_CODECS = {"H264": ("h264", H264Depacketizer), "H265": ("hevc", H265Depacketizer)}
_G711_CODECS = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}


@dataclass(frozen=True, slots=True)
class SdpTrack:
    """A track that can be recorded. `control` is its name in SETUP requests."""

    track: Track
    control: str
    depacketizer: Depacketizer


@dataclass
class _Media:
    kind: str
    payload: str
    codec: str = ""
    control: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def parse_sdp(sdp: str) -> tuple[str, tuple[SdpTrack, ...]]:
    """Returns the control attribute of the session, and the first supported video track, followed
    by the first supported sound track if there is one. Raises UnsupportedCameraCodec without a
    video track."""
    control, media = _parse_media(sdp)
    videos = [track for track in map(_video_track, media) if track is not None]
    if not videos:
        raise UnsupportedCameraCodec
    sounds = [track for track in map(_sound_track, media) if track is not None]
    return control, tuple(videos[:1] + sounds[:1])


def _parse_media(sdp: str) -> tuple[str, list[_Media]]:
    session_control = ""
    media: list[_Media] = []
    for line in sdp.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            words = value.split()
            if len(words) < 4 or len(media) == MAX_MEDIA:
                break
            media.append(_Media(words[0], words[3], _STATIC_PAYLOADS.get(words[3], "")))
            continue
        if kind != "a":
            continue
        name, _, attribute = value.partition(":")
        if name == "control" and not media:
            session_control = attribute
        elif name == "control":
            media[-1].control = attribute
        elif media and name in ("rtpmap", "fmtp"):
            payload, _, rest = attribute.partition(" ")
            if payload != media[-1].payload:
                continue
            if name == "rtpmap":
                media[-1].codec = rest.strip()
            else:
                pairs = (parameter.strip().partition("=") for parameter in rest.split(";"))
                media[-1].parameters |= {key.lower(): text for key, _, text in pairs}
    return session_control, media


def _video_track(media: _Media) -> SdpTrack | None:
    name, _, rate = media.codec.partition("/")
    if media.kind != "video" or name.upper() not in _VIDEO_CODECS or rate != "90000":
        return None
    codec, depacketizer_class = _VIDEO_CODECS[name.upper()]
    parameters = media.parameters
    sets = (
        parameters.get("sprop-parameter-sets", "")
        if codec == "h264"
        else ",".join(parameters.get(f"sprop-{kind}", "") for kind in ("vps", "sps", "pps"))
    )
    depacketizer = depacketizer_class(_decode_parameter_sets(sets.split(",")))
    return SdpTrack(Track(codec, Fraction(1, 90_000)), media.control, depacketizer)


def _sound_track(media: _Media) -> SdpTrack | None:
    name, _, rest = media.codec.partition("/")
    rate, _, channels = rest.partition("/")
    if media.kind != "audio" or not rate.isdigit():
        return None
    if name.upper() in _G711_CODECS and rate == "8000" and channels in ("", "1"):
        codec = _G711_CODECS[name.upper()]
        track = Track(codec, Fraction(1, 8000), rate_hz=8000, channels=1)
        return SdpTrack(track, media.control, G711Depacketizer())
    parameters = media.parameters
    # Mode AAC-hbr: the lengths of its header fields in bits (RFC 3640 §3.3.6).
    lengths = tuple(parameters.get(f"{kind}length") for kind in ("size", "index", "indexdelta"))
    if name.lower() != "mpeg4-generic" or lengths != ("13", "3", "3"):
        return None
    try:
        aac = AacDepacketizer(bytes.fromhex(parameters.get("config", "")))
    except ValueError:
        return None
    if aac.rate_hz != int(rate):
        return None
    track = Track("aac", Fraction(1, aac.rate_hz), rate_hz=aac.rate_hz, channels=aac.channels)
    return SdpTrack(track, media.control, aac)


def _decode_parameter_sets(encoded: Sequence[str]) -> list[bytes]:
    """Returns the decoded NAL units; invalid base64 is skipped."""
    units = []
    for text in encoded:
        try:
            units.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return units
