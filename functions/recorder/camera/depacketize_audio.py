"""Sound out of RTP: AAC (RFC 3640, mode AAC-hbr) and G.711 (RFC 3551)."""

from __future__ import annotations

from collections.abc import Iterator

from functions.recorder.camera.rtp import AccessUnit, RtpPacket

AAC_SAMPLES = 1024
_RATES_HZ = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_ADTS_BYTES = 7
_FRAME_MOST_BYTES = 8191 - _ADTS_BYTES
"""13 bits of length (ISO/IEC 13818-7 §6.2)."""


class G711Depacketizer:
    """Every packet is whole."""

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        if packet.payload:
            yield AccessUnit(packet.timestamp, True, packet.payload)


class AacDepacketizer:
    """Frames with the header that lets them stand in a file of their own (ADTS)."""

    def __init__(self, config: bytes) -> None:
        """Raises ValueError for a configuration that is not AAC-LC or has no ADTS form."""
        if len(config) < 2:
            raise ValueError("no AAC configuration")
        bits = int.from_bytes(config[:2])
        kind, self._rate, self._channels = bits >> 11, bits >> 7 & 15, bits >> 3 & 15
        if kind != 2 or self._rate >= len(_RATES_HZ) or not 1 <= self._channels <= 7:
            raise ValueError("not AAC-LC")
        self.rate_hz, self.channels = _RATES_HZ[self._rate], self._channels
        self._part = bytearray()

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        data = packet.payload
        if packet.lost_count:
            self._part.clear()
        if len(data) < 4:
            return
        count = int.from_bytes(data[:2]) // 16
        at = 2 + 2 * count
        for n in range(count):
            size = int.from_bytes(data[2 + 2 * n : 4 + 2 * n]) >> 3
            frame = data[at : at + size]
            at += size
            if len(frame) < size or self._part:
                # A frame in several packets: each names the whole size.
                self._part += frame
                if len(self._part) < size:
                    return
                frame, self._part = bytes(self._part[:size]), bytearray()
            if 0 < len(frame) <= _FRAME_MOST_BYTES:
                yield AccessUnit(
                    packet.timestamp + n * AAC_SAMPLES, True, self._header(frame) + frame
                )

    def _header(self, frame: bytes) -> bytes:
        size = len(frame) + _ADTS_BYTES
        return bytes(
            [
                0xFF,
                0xF1,
                1 << 6 | self._rate << 2 | self._channels >> 2,
                (self._channels & 3) << 6 | size >> 11,
                size >> 3 & 0xFF,
                (size & 7) << 5 | 0x1F,
                0xFC,
            ]
        )
