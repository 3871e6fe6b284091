"""The state of a codec that a demuxer gives once, with the first packet to which it applies."""

from __future__ import annotations

from typing import cast

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

    def apply(self, packet: Packet[VideoStream]) -> None:
        """Reads the state that `packet` carries, and gives a keyframe all that applies to it."""
        for kind in (_PALETTE, _CONFIGURATION):
            if packet.has_sidedata(kind):
                self._side_data[kind] = packet.get_sidedata(kind)
            elif packet.is_keyframe and kind in self._side_data:
                packet.set_sidedata(self._side_data[kind])


def configured_in_band(packet: Packet[VideoStream]) -> Packet[VideoStream]:
    """Returns a packet that begins with its new configuration, if its decoder needs it there."""
    in_band = packet.stream.codec_context.codec.canonical_name in _CONFIGURED_IN_BAND
    if not in_band or not packet.has_sidedata(_CONFIGURATION):
        return packet
    data = bytes(packet.get_sidedata(_CONFIGURATION)) + bytes(packet)
    longer = cast("Packet[VideoStream]", av.Packet(data))
    longer.stream, longer.time_base = packet.stream, packet.time_base
    longer.pts, longer.dts, longer.duration = packet.pts, packet.dts, packet.duration
    longer.is_keyframe = packet.is_keyframe
    return longer
