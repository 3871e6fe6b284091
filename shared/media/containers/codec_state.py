"""The state of a codec that a demuxer gives once, with the first packet to which it applies."""

from __future__ import annotations

import av
from av.packet import Packet, PacketSideData, PktSideDataT
from av.video.stream import VideoStream

_PALETTE: PktSideDataT = "palette"
_CONFIGURATION: PktSideDataT = "new_extradata"
_CONFIGURED_IN_BAND = frozenset({"mpeg4"})
"""Codecs whose decoders ignore a new configuration beside the packet, but read it before the
picture."""


class CodecState:
    """The palette and the configuration that apply at the current packet of a stream.

    A decoder that begins at a later keyframe, because packets were skipped or sought over, needs
    what the skipped packets carried: without its palette, it returns black pictures.
    """

    def __init__(self) -> None:
        self._side_data: dict[PktSideDataT, PacketSideData] = {}

    def apply(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        """Reads the state that `packet` carries. Returns the packet, and with a keyframe all state
        that applies to it."""
        for kind in (_PALETTE, _CONFIGURATION):
            if packet.has_sidedata(kind):
                self._side_data[kind] = packet.get_sidedata(kind)
            elif packet.is_keyframe and kind in self._side_data:
                packet.set_sidedata(self._side_data[kind])
        configuration = self._side_data.get(_CONFIGURATION)
        in_band = packet.stream.codec_context.name in _CONFIGURED_IN_BAND
        if configuration is not None and packet.is_keyframe and in_band:
            return _prepend(bytes(configuration), packet)
        return packet


def _prepend(data: bytes, packet: Packet[VideoStream]) -> Packet[VideoStream]:
    longer: Packet[VideoStream] = av.Packet(data + bytes(packet))
    longer.stream, longer.time_base = packet.stream, packet.time_base
    longer.pts, longer.dts, longer.duration = packet.pts, packet.dts, packet.duration
    longer.is_keyframe = packet.is_keyframe
    return longer
