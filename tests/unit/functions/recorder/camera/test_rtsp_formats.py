"""Of the formats and tracks that an RTSP camera offers, the one that arrives is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from functions.recorder.camera.rtsp import FIRST_TRACK_WAIT_S, FORMAT_TIMEOUT_S, RtspReader
from functions.recorder.errors import UnsupportedCameraCodec
from functions.recorder.packets import SOUND, VIDEO, Packet
from shared.cameras.source import parse_source
from shared.net.pinned_connection import PinnedSocket
from tests.fakes.cameras.rtsp_peer import RtspPeer, RtspRequest

SOURCE = parse_source("rtsp://127.0.0.1:9000/live", allow_private=True)
H264, H265 = b"\x65xyz", b"\x26\x01xyz"
"""Keyframes: NAL units of type 5 (IDR) and 19 (IDR_W_RADL)."""
OTHER_H264 = b"\x41xyz"
H264_97 = ("a=rtpmap:97 H264/90000", "a=fmtp:97 sprop-parameter-sets=Z2E=,aGI=")
H264_96 = ("a=rtpmap:96 H264/90000", "a=fmtp:96 sprop-parameter-sets=Z2E=,aGI=")
H265_98 = (
    "a=rtpmap:98 H265/90000",
    "a=fmtp:98 sprop-vps=QAFh;sprop-sps=QgFh;sprop-pps=RAFh",
)
SOUND_8 = ("m=audio 0 RTP/AVP 8", "a=control:a")


class Camera:
    """A camera that is read with a manual clock, in seconds."""

    def __init__(self, sdp: Sequence[str], refused: str = "") -> None:
        def answer(request: RtspRequest) -> Sequence[str]:
            is_refused = refused and f"/{refused} " in request.text
            return ("404 Not Found",) if is_refused else ("200 OK", "Session: 7")

        self.now = 0.0
        self._counts: Counter[int] = Counter()
        self.peer = RtspPeer(answer, sdp)
        self.reader = RtspReader(
            SOURCE,
            lambda: PinnedSocket(self.peer.client, idle_timeout_s=5),
            lambda: self.now,
            lambda: 1e9 + self.now,
        )
        self.packets = self.reader.packets()

    def send(self, kind: int, payload: bytes, channel: int = 0, ssrc: int = 1) -> None:
        """Sends a picture."""
        self._counts[ssrc] += 1
        number = self._counts[ssrc]
        self.peer.send_rtp(
            payload, ticks=number * 9000, number=number, kind=kind, channel=channel, ssrc=ssrc
        )

    def read(self) -> Packet:
        return next(self.packets)


OpenCamera = Callable[..., Camera]


@pytest.fixture
def open_camera() -> Iterator[OpenCamera]:
    opened: list[Camera] = []

    def connect(sdp: Sequence[str], refused: str = "") -> Camera:
        opened.append(Camera(sdp, refused))
        return opened[-1]

    yield connect
    for camera in opened:
        camera.peer.close()


def video(types: str, *lines: str, control: str = "v") -> tuple[str, ...]:
    return (f"m=video 0 RTP/AVP {types}", *lines, f"a=control:{control}")


OFFERS: dict[str, tuple[tuple[str, ...], int, bytes, str]] = {
    "JPEG and H.264": (video("26 96", *H264_96), 96, H264, "h264"),
    "JPEG with its rtpmap and H.264": (
        video("26 96", "a=rtpmap:26 JPEG/90000", *H264_96), 96, H264, "h264",
    ),
    "H.265 and H.264, the first arrives": (video("98 96", *H265_98, *H264_96), 98, H265, "hevc"),
    "H.265 and H.264, the second arrives": (video("98 96", *H265_98, *H264_96), 96, H264, "h264"),
    "H.264 and H.265, the second arrives": (video("96 98", *H264_96, *H265_98), 98, H265, "hevc"),
    "reversed descriptions": (video("96 98", *H265_98, *H264_96), 98, H265, "hevc"),
    "two forms of H.264": (video("96 97", *H264_96, *H264_97), 97, H264, "h264"),
    "H.264 and retransmission": (
        video("97 96", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", *H264_96), 96, H264, "h264",
    ),
    "a type that is not listed": (video("96", *H264_96), 97, H264, "h264"),
    "spaces": (video("98  96", "a=rtpmap: 96 H264/90000", *H265_98), 98, H265, "hevc"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OFFERS)
def test_format_that_arrives_is_recorded(kind: str, open_camera: OpenCamera) -> None:
    sdp, payload_type, payload, codec = OFFERS[kind]
    camera = open_camera(sdp)
    for _ in range(3):
        camera.send(payload_type, payload)
        packet = camera.read()
        assert (packet.track, packet.is_keyframe) == (VIDEO, True)
        assert packet.data.endswith(payload)
        camera.now += 1
    assert camera.reader.tracks[VIDEO].codec == codec
    assert camera.reader.dropped_count == 0


def test_pictures_of_another_format_are_left_out(open_camera: OpenCamera) -> None:
    camera = open_camera(video("98 96", *H265_98, *H264_96))
    camera.send(98, b"\x02\x01abc")  # no keyframe
    for _ in range(5):
        camera.send(96, H264, ssrc=2)
        camera.send(98, H265)
        assert camera.read().data.endswith(H264)
    assert camera.reader.tracks[VIDEO].codec == "h264"


@pytest.mark.parametrize("types", ["26 96", "96 26"])
def test_camera_that_sends_another_format_only_fails_after_a_limit(
    types: str, open_camera: OpenCamera
) -> None:
    camera = open_camera(video(types, *H264_96))
    for _ in range(int(FORMAT_TIMEOUT_S)):
        camera.send(26, b"\0" * 20)
        camera.now += 1.1
    camera.send(26, b"\0" * 20)
    with pytest.raises(UnsupportedCameraCodec) as error:
        camera.read()
    assert error.value.code == "camera-codec"
    assert str(error.value).startswith("The camera sends no H.264, H.265 or MJPEG")


def test_late_keyframe_is_waited_for_among_other_packets(open_camera: OpenCamera) -> None:
    """Packets of a format that can be recorded say that the camera is supported."""
    camera = open_camera(video("97 96", "a=rtpmap:97 rtx/90000", *H264_96))
    for _ in range(4):
        camera.send(96, OTHER_H264)
        camera.send(97, b"\0\1abc", ssrc=2)
        camera.now += FORMAT_TIMEOUT_S
    camera.send(96, H264)
    assert camera.read().is_keyframe


TWO_VIDEOS = (*video("96", *H264_96, control="v1"), *video("98", *H265_98, control="v2"))


def test_first_of_two_video_tracks_is_preferred(open_camera: OpenCamera) -> None:
    camera = open_camera(TWO_VIDEOS + SOUND_8)
    camera.send(98, H265, channel=2, ssrc=2)
    for _ in range(3):
        camera.send(96, H264)
        camera.send(98, H265, channel=2, ssrc=2)
        assert camera.read().data.endswith(H264)
        camera.now += FIRST_TRACK_WAIT_S
    camera.send(8, b"\xd5" * 160, channel=4, ssrc=3)
    assert camera.read().track == SOUND
    assert [track.codec for track in camera.reader.tracks] == ["h264", "pcm_alaw"]


def test_second_video_track_is_recorded_when_the_first_is_silent(open_camera: OpenCamera) -> None:
    camera = open_camera(TWO_VIDEOS + SOUND_8)
    camera.send(98, H265, channel=2, ssrc=2)
    camera.send(8, b"\xd5" * 160, channel=4, ssrc=3)
    assert camera.read().track == SOUND
    camera.now += FIRST_TRACK_WAIT_S + 1
    camera.send(98, H265, channel=2, ssrc=2)
    assert camera.read().data.endswith(H265)
    assert [track.codec for track in camera.reader.tracks] == ["hevc", "pcm_alaw"]


@pytest.mark.parametrize(("refused", "channel"), [("v1", 2), ("v2", 0)])
def test_video_track_that_is_not_set_up_is_left_out(
    refused: str, channel: int, open_camera: OpenCamera
) -> None:
    camera = open_camera(TWO_VIDEOS, refused)
    camera.send(96 if channel == 0 else 98, H265 if channel else H264, channel=channel)
    assert camera.read().is_keyframe
    assert len(camera.reader.tracks) == 1
