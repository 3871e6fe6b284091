"""A reader for RTSP cameras (RFC 2326): RTP packets of pictures and sound over one TCP
connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from functions.recorder.camera.connection import CameraConnection, Connect
from functions.recorder.camera.picture_size import read_picture_size
from functions.recorder.camera.rtsp_client import InterleavedFrame, RtspClient, RtspResponse
from functions.recorder.camera.sdp import IncomingFormat, IncomingTrack, SdpTrack, parse_sdp
from functions.recorder.errors import (
    CameraDisconnected,
    NoSuchStream,
    NotACamera,
    UnsupportedCameraCodec,
)
from functions.recorder.packets import SOUND, VIDEO, Packet, Track
from shared.cameras.source import Source

KEEPALIVES_PER_TIMEOUT = 3
"""So that one arrives within half of a session's timeout even when the reader is late."""
MAX_KEEPALIVE_INTERVAL_S = 20.0
FORMAT_TIMEOUT_S = 10.0
"""How long a camera may send only payload types that are not supported."""
FIRST_TRACK_WAIT_S = 5.0
"""How long the first of several video tracks is waited for."""
MAX_URI_LENGTH = 2000


class RtspReader:
    """Reads a camera's video track, and its sound when the codec is supported. Of several video
    formats that the camera offers, the one that arrives is recorded."""

    def __init__(
        self,
        source: Source,
        connect: Connect,
        clock: Callable[[], float] = time.monotonic,
        arrival_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._base_uri = f"rtsp://{source.authority}{source.path}"
        self._client = RtspClient(source, CameraConnection(connect()), arrival_clock)
        try:
            self._incoming = self._play(self._set_up(self._describe()))
            self._client.start_keepalive(self._base_uri)
            self._client.mark_open()
        except BaseException:
            self.close()
            raise
        offers = [track.offer for track in self._incoming.values()]
        self._first_video = next(offer for offer in offers if offer.is_video)
        sounds = [offer.preferred.track for offer in offers if not offer.is_video]
        self.tracks: tuple[Track, ...] = (self._first_video.preferred.track, *sounds)
        self._opened_at = self._clock()
        self._chosen: IncomingFormat | None = None
        self._has_video_packets = False

    @property
    def dropped_count(self) -> int:
        """The number of packets that the camera sent and that are known not to have arrived."""
        formats = (item for track in self._incoming.values() for item in track.formats.values())
        return sum(item.dropped_count for item in formats)

    def packets(self) -> Iterator[Packet]:
        started_at: float | None = None
        sent_at = self._opened_at
        while True:
            interval_s = min(
                MAX_KEEPALIVE_INTERVAL_S, self._client.session_timeout_s / KEEPALIVES_PER_TIMEOUT
            )
            if self._clock() >= sent_at + interval_s:
                sent_at = self._clock()
                self._client.keep_alive()
            if not self._client.wait_readable(sent_at + interval_s - self._clock()):
                continue
            frame = self._client.read_frame()
            track = None if frame is None else self._incoming.get(frame.channel)
            if frame is None or track is None:
                continue
            started_at = frame.arrived_at if started_at is None else started_at
            yield from self._read(track, frame, started_at, self._clock() - self._opened_at)

    def close(self) -> None:
        self._client.close()

    def _read(
        self, track: IncomingTrack, frame: InterleavedFrame, started_at: float, opened_s: float
    ) -> Iterator[Packet]:
        """Yields the packets that `frame` completes. Raises UnsupportedCameraCodec when only other
        formats arrive for FORMAT_TIMEOUT_S."""
        offer, found = track.offer, track.find_format(frame.data)
        if found is None:
            is_late = offer.is_video and opened_s > FORMAT_TIMEOUT_S
            if is_late and not self._has_video_packets:
                raise UnsupportedCameraCodec
            return
        self._has_video_packets = self._has_video_packets or offer.is_video
        for pts, unit in found.read(frame.data, frame.arrived_at - started_at):
            if offer.is_video:
                is_awaited = offer is self._first_video or opened_s > FIRST_TRACK_WAIT_S
                if self._chosen is None and unit.is_keyframe and is_awaited:
                    self._chosen = found
                if found is not self._chosen:
                    continue
                if unit.is_keyframe and not self.tracks[VIDEO].width:
                    self._set_video(found.track, unit.data)
            number = VIDEO if offer.is_video else SOUND
            yield Packet(number, pts, unit.is_keyframe, frame.arrived_at, unit.data)

    def _set_video(self, track: Track, data: bytes) -> None:
        width, height = read_picture_size(track.codec, data)
        self.tracks = (replace(track, width=width, height=height), *self.tracks[1:])

    def _describe(self) -> tuple[SdpTrack, ...]:
        response = self._client.request("DESCRIBE", self._base_uri, {"Accept": "application/sdp"})
        headers = response.headers
        content_base = headers.get("content-base") or headers.get("content-location") or ""
        control, offers = parse_sdp(response.body.decode("utf-8", "replace"))
        self._base_uri = _join_control(content_base.strip() or self._base_uri, control)
        return tuple(
            replace(offer, control=_join_control(self._base_uri, offer.control)) for offer in offers
        )

    def _set_up(self, offers: Sequence[SdpTrack]) -> dict[int, SdpTrack]:
        """Returns the track of each channel. Of several video tracks, one that the camera does not
        set up is left out."""
        offer_by_channel: dict[int, SdpTrack] = {}
        other_videos = sum(offer.is_video for offer in offers) - 1
        for number, offer in enumerate(offers):
            channels = f"{2 * number}-{2 * number + 1}"
            transport = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channels}"}
            try:
                response = self._client.request("SETUP", offer.control, transport)
            except (NotACamera, NoSuchStream, CameraDisconnected):
                if not offer.is_video or not other_videos:
                    raise
                other_videos -= 1
                continue
            session = response.headers.get("session", "").partition(";")[0].strip()
            self._client.session_id = session or self._client.session_id
            channel = _interleaved_channels(response, channels).partition("-")[0]
            if not channel.isdigit() or int(channel) > 255:
                raise NotACamera
            offer_by_channel[int(channel)] = offer
        return offer_by_channel

    def _play(self, offer_by_channel: Mapping[int, SdpTrack]) -> dict[int, IncomingTrack]:
        """Returns the incoming track of each channel, with the RTP time at which it begins when the
        camera says so."""
        response = self._client.request("PLAY", self._base_uri, {"Range": "npt=0.000-"})
        origins: list[int | None] = []
        for entry in response.headers.get("rtp-info", "").split(","):
            parameters = dict(field.strip().partition("=")[::2] for field in entry.split(";"))
            rtp_time = parameters.get("rtptime", "")
            is_valid = rtp_time.isdigit() and int(rtp_time) < 1 << 32
            origins.append(int(rtp_time) if is_valid else None)
        if len(origins) != len(offer_by_channel) or None in origins:
            origins = [None] * len(offer_by_channel)
        return {
            channel: IncomingTrack(offer, origin)
            for (channel, offer), origin in zip(offer_by_channel.items(), origins, strict=True)
        }


def _interleaved_channels(response: RtspResponse, requested: str) -> str:
    """Returns the channels that the server chose, such as `0-1`; by default the requested ones."""
    prefix = "interleaved="
    for field in response.headers.get("transport", "").split(";"):
        if field.strip().startswith(prefix):
            return field.strip().removeprefix(prefix)
    return requested


def _join_control(base_uri: str, control: str) -> str:
    """Returns the URI of a control attribute (RFC 2326 §C.1.1). It only names a resource in
    requests: no connection is made to it, and it contains no password."""
    control = control.strip()
    if control in ("", "*"):
        uri = base_uri
    elif urlsplit(control).scheme:
        uri = control
    else:
        uri = f"{base_uri.rstrip('/')}/{control}"
    if len(uri) > MAX_URI_LENGTH or any(char <= " " or char > "~" for char in uri):
        raise NotACamera
    return uri
