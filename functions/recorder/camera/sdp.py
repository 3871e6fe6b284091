"""The tracks in the SDP (RFC 8866) of an RTSP camera that can be recorded, and their packets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from functions.recorder.camera.depacketize_audio import AacDepacketizer, G711Depacketizer
from functions.recorder.camera.depacketize_video import H264Depacketizer, H265Depacketizer
from functions.recorder.camera.rtp import AccessUnit, Depacketizer, RtpReceiver
from functions.recorder.clock import TrackClock
from functions.recorder.errors import UnsupportedCameraCodec
from functions.recorder.packets import Track

MAX_MEDIA = 16
MAX_PAYLOAD_TYPES = 32
MAX_VIDEO_TRACKS = 2
"""Several are set up because the first one need not send anything."""
_STATIC_PAYLOADS = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""Payload types that need no rtpmap (RFC 3551 §6)."""
_VIDEO_CODECS = {"H264": ("h264", H264Depacketizer), "H265": ("hevc", H265Depacketizer)}
_G711_CODECS = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}


@dataclass(frozen=True, slots=True)
class SdpFormat:
    """One way in which a camera may send a track."""

    track: Track
    depacketizer: Depacketizer


@dataclass(frozen=True, slots=True)
class SdpTrack:
    """A track that can be recorded, in one or more `formats` by payload type, the one that the
    camera prefers first. `control` is its name in SETUP requests; `listed` are all payload types of
    its `m=` line."""

    control: str
    formats: Mapping[int, SdpFormat]
    listed: frozenset[int]

    @property
    def is_video(self) -> bool:
        """Whether it is a track of pictures."""
        return not self.preferred.track.rate_hz

    @property
    def preferred(self) -> SdpFormat:
        """The first format."""
        return next(iter(self.formats.values()))


class IncomingFormat:
    """The packets of a track that arrive in one format."""

    def __init__(self, sdp_format: SdpFormat, origin: int | None) -> None:
        self.track = sdp_format.track
        self.receiver = RtpReceiver()
        self.dropped_count = 0
        self._depacketizer = sdp_format.depacketizer
        self._clock = TrackClock(self.track.time_base, origin)
        self._is_restart = False

    def read(self, data: bytes, arrived_s: float) -> Iterator[tuple[int, AccessUnit]]:
        """Yields the complete access units that an RTP packet ends, with their times in ticks. It
        arrived `arrived_s` seconds after the first one of the connection."""
        packet = self.receiver.parse(data)
        if packet is None:
            return
        self.dropped_count += packet.lost_count
        self._is_restart = self._is_restart or packet.is_restart
        for unit in self._depacketizer.add(packet):
            if not unit.is_broken:
                yield (
                    self._clock.to_pts(unit.ticks, arrived_s, is_restart=self._is_restart),
                    unit,
                )
                self._is_restart = False


class IncomingTrack:
    """A track of a camera as its packets arrive, in any of its formats. `origin` is the RTP time at
    which it begins, None when the camera does not say."""

    def __init__(self, offer: SdpTrack, origin: int | None) -> None:
        self.offer = offer
        self.formats = {
            payload_type: IncomingFormat(sdp_format, origin)
            for payload_type, sdp_format in offer.formats.items()
        }

    def find_format(self, data: bytes) -> IncomingFormat | None:
        """Returns the format of an RTP packet, None when it is not supported. A payload type that
        is not listed is that of the only format: some cameras announce another one."""
        payload_type = data[1] & 0x7F if len(data) > 1 else -1
        if payload_type not in self.offer.listed and len(self.formats) == 1:
            return next(iter(self.formats.values()))
        for other_type, other in self.formats.items():
            if other_type != payload_type:
                other.receiver.skip(data)
        return self.formats.get(payload_type)


@dataclass
class _Media:
    kind: str
    codecs: dict[str, str]
    control: str = ""
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)


def parse_sdp(sdp: str) -> tuple[str, tuple[SdpTrack, ...]]:
    """Returns the control attribute of the session, and the first MAX_VIDEO_TRACKS supported video
    tracks, followed by the first supported sound track if there is one. Raises
    UnsupportedCameraCodec without a video track."""
    control, media = _parse_media(sdp)
    videos = [track for item in media if (track := _track(item, "video", _video_format))]
    if not videos:
        raise UnsupportedCameraCodec
    sounds = [track for item in media if (track := _track(item, "audio", _sound_format))]
    return control, tuple(videos[:MAX_VIDEO_TRACKS] + sounds[:1])


def _parse_media(sdp: str) -> tuple[str, list[_Media]]:
    session_control = ""
    media: list[_Media] = []
    for line in sdp.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            words = value.split()
            if len(words) < 4 or len(media) == MAX_MEDIA:
                break
            types = words[3 : 3 + MAX_PAYLOAD_TYPES]
            media.append(_Media(words[0], {name: _STATIC_PAYLOADS.get(name, "") for name in types}))
            continue
        if kind != "a":
            continue
        name, _, attribute = value.partition(":")
        if name == "control" and not media:
            session_control = attribute
        elif name == "control":
            media[-1].control = attribute
        elif media and name in ("rtpmap", "fmtp"):
            payload, _, rest = attribute.strip().partition(" ")
            if payload not in media[-1].codecs:
                continue
            if name == "rtpmap":
                media[-1].codecs[payload] = rest.strip()
            else:
                pairs = (parameter.strip().partition("=") for parameter in rest.split(";"))
                parameters = media[-1].parameters.setdefault(payload, {})
                parameters |= {key.lower(): text for key, _, text in pairs}
    return session_control, media


def _track(
    media: _Media, kind: str, read_format: Callable[[str, dict[str, str]], SdpFormat | None]
) -> SdpTrack | None:
    if media.kind != kind:
        return None
    types = [name for name in media.codecs if name.isdigit() and len(name) <= 3]
    formats = {
        int(name): found
        for name in types
        if (found := read_format(media.codecs[name], media.parameters.get(name, {})))
    }
    return SdpTrack(media.control, formats, frozenset(map(int, types))) if formats else None


def _video_format(rtpmap: str, parameters: Mapping[str, str]) -> SdpFormat | None:
    name, _, rate = rtpmap.partition("/")
    if name.upper() not in _VIDEO_CODECS or rate != "90000":
        return None
    codec, depacketizer_class = _VIDEO_CODECS[name.upper()]
    sets = (
        parameters.get("sprop-parameter-sets", "")
        if codec == "h264"
        else ",".join(parameters.get(f"sprop-{kind}", "") for kind in ("vps", "sps", "pps"))
    )
    depacketizer = depacketizer_class(_decode_parameter_sets(sets.split(",")))
    return SdpFormat(Track(codec, Fraction(1, 90_000)), depacketizer)


def _sound_format(rtpmap: str, parameters: Mapping[str, str]) -> SdpFormat | None:
    name, _, rest = rtpmap.partition("/")
    rate, _, channels = rest.partition("/")
    if not rate.isdigit():
        return None
    if name.upper() in _G711_CODECS and rate == "8000" and channels in ("", "1"):
        codec = _G711_CODECS[name.upper()]
        track = Track(codec, Fraction(1, 8000), rate_hz=8000, channels=1)
        return SdpFormat(track, G711Depacketizer())
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
    return SdpFormat(track, aac)


def _decode_parameter_sets(encoded: Sequence[str]) -> list[bytes]:
    """Returns the decoded NAL units; invalid base64 is skipped."""
    units = []
    for text in encoded:
        try:
            units.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return units
