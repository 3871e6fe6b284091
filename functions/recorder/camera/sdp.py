"""What an RTSP camera says of its tracks (SDP, RFC 8866), as far as we record them."""

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
_STATIC = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""Payload types that need no rtpmap (RFC 3551 §6)."""
_VIDEO = {"H264": ("h264", H264Depacketizer), "H265": ("hevc", H265Depacketizer)}
_SOUND = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}


@dataclass(frozen=True, slots=True)
class SdpTrack:
    """A track that the camera offers and we can keep. `control` is how SETUP names it."""

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
    """→ the session's own control, and the first video track with the first sound behind it that
    can be kept. Raises CameraCodecUnknown when there are no pictures that we can copy."""
    control, media = _parsed(sdp)
    videos = [one for one in (_video(part) for part in media) if one is not None]
    if not videos:
        raise UnsupportedCameraCodec
    sounds = [one for one in (_sound(part) for part in media) if one is not None]
    return control, tuple(videos[:1] + sounds[:1])


def _parsed(sdp: str) -> tuple[str, list[_Media]]:
    control = ""
    media: list[_Media] = []
    for line in sdp.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            words = value.split()
            if len(words) < 4 or len(media) == MAX_MEDIA:
                break
            media.append(_Media(words[0], words[3], _STATIC.get(words[3], "")))
            continue
        if kind != "a":
            continue
        name, _, told = value.partition(":")
        if name == "control" and not media:
            control = told
        elif name == "control":
            media[-1].control = told
        elif media and name in ("rtpmap", "fmtp"):
            payload, _, rest = told.partition(" ")
            if payload != media[-1].payload:
                continue
            if name == "rtpmap":
                media[-1].codec = rest.strip()
            else:
                pairs = (one.strip().partition("=") for one in rest.split(";"))
                media[-1].parameters |= {key.lower(): told for key, _, told in pairs}
    return control, media


def _video(media: _Media) -> SdpTrack | None:
    name, _, rate = media.codec.partition("/")
    if media.kind != "video" or name.upper() not in _VIDEO or rate != "90000":
        return None
    codec, make = _VIDEO[name.upper()]
    given = media.parameters
    sets = (
        given.get("sprop-parameter-sets", "")
        if codec == "h264"
        else ",".join(given.get(f"sprop-{one}", "") for one in ("vps", "sps", "pps"))
    )
    track = Track(codec, Fraction(1, 90_000))
    return SdpTrack(track, media.control, make(_decoded(sets.split(","))))


def _sound(media: _Media) -> SdpTrack | None:
    name, _, rest = media.codec.partition("/")
    rate, _, channels = rest.partition("/")
    if media.kind != "audio" or not rate.isdigit():
        return None
    if name.upper() in _SOUND and rate == "8000" and channels in ("", "1"):
        track = Track(_SOUND[name.upper()], Fraction(1, 8000), rate_hz=8000, channels=1)
        return SdpTrack(track, media.control, G711Depacketizer())
    given = media.parameters
    lengths = tuple(given.get(f"{one}length") for one in ("size", "index", "indexdelta"))
    if name.lower() != "mpeg4-generic" or lengths != ("13", "3", "3"):
        return None
    try:
        aac = AacDepacketizer(bytes.fromhex(given.get("config", "")))
    except ValueError:
        return None
    if aac.rate_hz != int(rate):
        return None
    track = Track("aac", Fraction(1, aac.rate_hz), rate_hz=aac.rate_hz, channels=aac.channels)
    return SdpTrack(track, media.control, aac)


def _decoded(units: Sequence[str]) -> list[bytes]:
    found = []
    for unit in units:
        try:
            found.append(base64.b64decode(unit, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
