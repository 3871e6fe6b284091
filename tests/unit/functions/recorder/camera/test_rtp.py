"""RTP packets: invalid, repeated and missing ones, and the pictures that they carry."""

from __future__ import annotations

from functions.recorder.camera.depacketize_video import H264Depacketizer
from functions.recorder.camera.picture_size import read_picture_size
from functions.recorder.camera.rtp import RtpPacket, RtpReceiver
from tests.fakes.cameras.encoded_frames import encode_h264


def test_invalid_and_repeated_rtp_packets_are_skipped() -> None:
    receiver = RtpReceiver()
    valid = bytes([128, 96, 0, 7, *bytes(8), 1, 2, 3])
    assert receiver.parse(b"") is None
    assert receiver.parse(bytes(11)) is None
    assert receiver.parse(bytes([64]) + valid[1:]) is None
    assert receiver.parse(bytes([0x9F]) + valid[1:]) is None
    assert receiver.parse(bytes([0xA0]) + valid[1:-1] + b"\xff") is None
    assert receiver.parse(valid) is not None
    assert receiver.parse(valid) is None


def test_rtp_times_and_numbers_continue_after_a_wraparound() -> None:
    receiver = RtpReceiver()

    def packet(number: int, stamp: int) -> RtpPacket:
        data = bytes([128, 96]) + number.to_bytes(2) + stamp.to_bytes(4) + bytes(4) + b"x"
        read = receiver.parse(data)
        assert read is not None
        return read

    first = packet(0xFFFF, 0xFFFFFF00)
    second = packet(0, 0x100)
    assert (second.lost_count, second.timestamp - first.timestamp) == (0, 0x200)
    assert packet(5, 0x200).lost_count == 4


def test_picture_with_a_missing_packet_is_broken() -> None:
    depacketizer = H264Depacketizer([b"\x67a", b"\x68b"])
    first = RtpPacket(0, False, 0, bytes([28, 0x85]) + b"abc")
    end = RtpPacket(0, True, 1, bytes([28, 0x45]) + b"def")
    assert list(depacketizer.add(first)) == []
    assert list(depacketizer.add(end)) == []
    second = RtpPacket(9, True, 1, b"\x65xyz")
    [unit] = depacketizer.add(second)
    assert unit.is_broken
    [complete] = depacketizer.add(RtpPacket(18, True, 0, b"\x65xyz"))
    assert (complete.is_broken, complete.is_keyframe) == (False, True)
    assert complete.data == b"\0\0\0\1\x67a\0\0\0\1\x68b\0\0\0\1\x65xyz"


def test_picture_size_is_read_without_decoding() -> None:
    assert read_picture_size("h264", encode_h264(1)[0].data) == (192, 128)
    assert read_picture_size("h264", b"\0\0\1\x67") == (0, 0)
    assert read_picture_size("hevc", b"") == (0, 0)
