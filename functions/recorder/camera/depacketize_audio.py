"""Sound from RTP payloads: AAC (RFC 3640, mode AAC-hbr) and G.711 (RFC 3551)."""

from __future__ import annotations

from collections.abc import Iterator

from functions.recorder.camera.rtp import AccessUnit, RtpPacket
from shared.media.containers.bits import BitReader

AAC_SAMPLES = 1024
_RATES_HZ = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_ADTS_HEADER_BYTES = 7
_MAX_FRAME_BYTES = 8191 - _ADTS_HEADER_BYTES
"""The length field has 13 bits (ISO/IEC 13818-7 §6.2)."""


class G711Depacketizer:
    """G.711: every packet is one access unit."""

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        if packet.payload:
            yield AccessUnit(packet.timestamp, True, packet.payload)


class AacDepacketizer:
    """AAC: yields frames with an ADTS header, so that a file of frames can be played."""

    def __init__(self, config: bytes) -> None:
        """Raises ValueError for a configuration that is not AAC-LC or has no ADTS form."""
        if len(config) < 2:
            raise ValueError("no AAC configuration")
        # AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): object type, index of the rate, channels.
        bits = BitReader(config[:2])
        object_type, self._rate_index, self._channels = bits.read(5), bits.read(4), bits.read(4)
        if object_type != 2 or self._rate_index >= len(_RATES_HZ) or not 1 <= self._channels <= 7:
            raise ValueError("not AAC-LC")
        self.rate_hz, self.channels = _RATES_HZ[self._rate_index], self._channels
        self._fragment = bytearray()

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        data = packet.payload
        if packet.lost_count or packet.is_restart:
            self._fragment.clear()
        if len(data) < 4:
            return
        # AU-headers-length in bits, then one header of 16 bits for each frame, then the frames.
        count = int.from_bytes(data[:2]) // 16
        offset = 2 + 2 * count
        for n in range(count):
            size = int.from_bytes(data[2 + 2 * n : 4 + 2 * n]) >> 3
            frame = data[offset : offset + size]
            offset += size
            if len(frame) < size or self._fragment:
                # A frame in several packets: each packet gives the size of the complete frame.
                self._fragment += frame
                if len(self._fragment) < size:
                    return
                frame, self._fragment = bytes(self._fragment[:size]), bytearray()
            if 0 < len(frame) <= _MAX_FRAME_BYTES:
                yield AccessUnit(
                    packet.timestamp + n * AAC_SAMPLES, True, self._adts_header(frame) + frame
                )

    def _adts_header(self, frame: bytes) -> bytes:
        size = len(frame) + _ADTS_HEADER_BYTES
        return bytes(
            [
                0xFF,
                0xF1,
                1 << 6 | self._rate_index << 2 | self._channels >> 2,
                (self._channels & 3) << 6 | size >> 11,
                size >> 3 & 0xFF,
                (size & 7) << 5 | 0x1F,
                0xFC,
            ]
        )
