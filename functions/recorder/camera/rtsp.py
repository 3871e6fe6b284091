"""A reader for RTSP cameras (RFC 2326): RTP packets of pictures and sound over one TCP
connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from functions.recorder.camera.connection import CameraConnection, Connect
from functions.recorder.camera.picture_size import read_picture_size
from functions.recorder.camera.rtp import RtpReceiver
from functions.recorder.camera.rtsp_client import RtspClient, RtspResponse
from functions.recorder.camera.sdp import SdpTrack, parse_sdp
from functions.recorder.errors import NotACamera
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import Source

KEEPALIVES_PER_TIMEOUT = 3
"""So that one arrives within half of a session's timeout even when the reader is late."""
MAX_KEEPALIVE_INTERVAL_S = 20.0
MAX_URI_LENGTH = 2000


class RtspReader:
    """Reads a camera's first video track, and its sound when the codec is supported."""

    def __init__(
        self, source: Source, connect: Connect, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.dropped_count = 0
        self._clock = clock
        self._base_uri = f"rtsp://{source.authority}{source.path}"
        self._client = RtspClient(source, CameraConnection(connect()))
        try:
            self._sdp_tracks = self._describe()
            self._track_by_channel = self._set_up()
            self._origins = self._play()
            self._client.start_keepalive(self._base_uri)
            self._client.mark_open()
        except BaseException:
            self.close()
            raise
        self.tracks: tuple[Track, ...] = tuple(offer.track for offer in self._sdp_tracks)

    def packets(self) -> Iterator[Packet]:
        receivers = [RtpReceiver() for _ in self._sdp_tracks]
        started_at: float | None = None
        sent_at = self._clock()
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
            if frame is None:
                continue
            channel, arrived_at, data = frame
            number = self._track_by_channel.get(channel)
            if number is None:
                continue
            packet = receivers[number].parse(data)
            if packet is None:
                continue
            started_at = arrived_at if started_at is None else started_at
            self.dropped_count += packet.lost_count
            for unit in self._sdp_tracks[number].depacketizer.add(packet):
                if unit.is_broken:
                    continue
                if unit.is_keyframe and number == VIDEO and not self.tracks[VIDEO].width:
                    self._set_picture_size(unit.data)
                pts = self._pts(number, unit.ticks, arrived_at - started_at)
                yield Packet(number, pts, unit.is_keyframe, arrived_at, unit.data)

    def close(self) -> None:
        self._client.close()

    def _pts(self, number: int, ticks: int, since_start_s: float) -> int:
        """Returns a time on a clock that begins together for all tracks: as the camera's RTP-Info
        says, otherwise by the arrival of the first packet."""
        if number not in self._origins:
            offset = round(since_start_s / self.tracks[number].time_base)
            self._origins[number] = ticks - offset
        return ticks - self._origins[number]

    def _set_picture_size(self, data: bytes) -> None:
        width, height = read_picture_size(self.tracks[VIDEO].codec, data)
        video = replace(self.tracks[VIDEO], width=width, height=height)
        self.tracks = (video, *self.tracks[1:])

    def _describe(self) -> tuple[SdpTrack, ...]:
        response = self._client.request("DESCRIBE", self._base_uri, {"Accept": "application/sdp"})
        headers = response.headers
        content_base = headers.get("content-base") or headers.get("content-location") or ""
        control, offers = parse_sdp(response.body.decode("utf-8", "replace"))
        self._base_uri = _join_control(content_base.strip() or self._base_uri, control)
        return tuple(
            replace(offer, control=_join_control(self._base_uri, offer.control)) for offer in offers
        )

    def _set_up(self) -> dict[int, int]:
        """Returns the number of the track for each channel."""
        track_by_channel: dict[int, int] = {}
        for number, offer in enumerate(self._sdp_tracks):
            channels = f"{2 * number}-{2 * number + 1}"
            response = self._client.request(
                "SETUP", offer.control, {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channels}"}
            )
            session = response.headers.get("session", "").partition(";")[0].strip()
            self._client.session_id = session or self._client.session_id
            channel = _interleaved_channels(response, channels).partition("-")[0]
            if not channel.isdigit() or int(channel) > 255:
                raise NotACamera
            track_by_channel[int(channel)] = number
        return track_by_channel

    def _play(self) -> dict[int, int]:
        """Returns the RTP time at which each track begins; empty when the camera does not say."""
        response = self._client.request("PLAY", self._base_uri, {"Range": "npt=0.000-"})
        origins: dict[int, int] = {}
        entries = response.headers.get("rtp-info", "").split(",")
        if len(entries) != len(self._sdp_tracks):
            return origins
        for number, entry in enumerate(entries):
            parameters = dict(field.strip().partition("=")[::2] for field in entry.split(";"))
            rtp_time = parameters.get("rtptime", "")
            if not rtp_time.isdigit() or int(rtp_time) >= 1 << 32:
                return {}
            origins[number] = int(rtp_time)
        return origins


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
