"""Checks whether decoding can begin at a packet that its container marks as a keyframe.

Containers mark too many: an MP4 without a list of sync samples marks every packet, and some muxers
mark pictures that refer to earlier ones. A decoder that begins there may return wrong pictures.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.media.codecs import h264
from shared.media.containers.decode import VideoPacket

Check = Callable[[bytes, bytes | None], bool]
"""Takes the bytes of a packet and the configuration of the decoder in the container's form. Returns
whether decoding can begin at this keyframe, such that every picture from its time is correct."""
_MPEG_PICTURE = b"\0\0\1\0"
_MPEG4_PICTURE = b"\0\0\1\xb6"
_HEVC_RANDOM_ACCESS = range(16, 24)
"""The types of units of IRAP pictures (ITU-T H.265, table 7-1)."""
_HEVC_FIRST_PARAMETER_SET = 32
_AV1_SEQUENCE = 1
_AV1_BEFORE_SEQUENCE = (2, 5, 15)
"""The types of units that may come before: temporal delimiter, metadata, padding."""
_INTRA_CODECS = frozenset({"cfhd", "dirac", "ffv1", "png"})
"""Codecs without references between pictures, or whose keyframes the decoder checks, that FFmpeg
does not list as intra-only."""


def find_check(codec: str) -> Check | None:
    """Returns the function that examines the bitstream of this codec (FFmpeg's name of it), or None
    when keyframes of the container are not examined."""
    return _CHECKS.get(codec)


def can_check(codec: str, *, intra_only: bool) -> bool:
    """Returns whether a wrong mark of a keyframe is noticed, or no mark can be wrong."""
    return intra_only or codec in _CHECKS or codec in _INTRA_CODECS


def _is_h264_start(packet: bytes, extradata: bytes | None) -> bool:
    return h264.is_clean_start(packet, h264.nal_length_bytes(extradata))


def _is_hevc_start(packet: bytes, extradata: bytes | None) -> bool:
    """The type of a unit is in the bits 1 to 6 of its first byte (ITU-T H.265 §7.3.1.2)."""
    for unit in h264.iterate_units(packet, _hevc_length_bytes(extradata)):
        unit_type = unit[0] >> 1 & 63
        if unit_type < _HEVC_FIRST_PARAMETER_SET:
            return unit_type in _HEVC_RANDOM_ACCESS
    return False


def _hevc_length_bytes(extradata: bytes | None) -> int | None:
    """The size of the length before each unit (ISO/IEC 14496-15 §8.3.3.1), or None for Annex B."""
    if extradata is None or len(extradata) < 23 or extradata[:3] in (b"\0\0\0", b"\0\0\1"):
        return None
    return (extradata[21] & 3) + 1


def _is_mpeg_start(packet: bytes, _extradata: bytes | None) -> bool:
    """Ten bits of temporal reference, then the type of the picture: 1 is intra (ISO/IEC 13818-2
    §6.2.3)."""
    at = packet.find(_MPEG_PICTURE)
    return 0 <= at < len(packet) - 5 and packet[at + 5] >> 3 & 7 == 1


def _is_mpeg4_start(packet: bytes, _extradata: bytes | None) -> bool:
    """The first two bits of a picture are its type: 0 is intra (ISO/IEC 14496-2 §6.2.5)."""
    at = packet.find(_MPEG4_PICTURE)
    return 0 <= at < len(packet) - 4 and packet[at + 4] >> 6 == 0


def _is_vp8_start(packet: bytes, _extradata: bytes | None) -> bool:
    """The lowest bit of the first byte is 0 in a key frame (RFC 6386 §9.1)."""
    return bool(packet) and packet[0] & 1 == 0


def _is_vp9_start(packet: bytes, _extradata: bytes | None) -> bool:
    """Two bits of marker, two of the profile, a reserved one in profile 3, show_existing_frame, and
    frame_type, which is 0 for a key frame (VP9 bitstream specification §6.2)."""
    if not packet:
        return False
    shift = 1 if packet[0] >> 4 & 3 == 3 else 2
    return packet[0] >> shift & 3 == 0


def _is_av1_start(packet: bytes, _extradata: bytes | None) -> bool:
    """A keyframe has a sequence header before its picture (AV1 in ISO Base Media File Format §2.4).

    The type of a unit is in the bits 3 to 6 of its first byte; bit 2 announces a second byte of the
    header, and bit 1 the size (AV1 bitstream specification §5.3.2).
    """
    position = 0
    while position + 2 < len(packet):
        header = packet[position]
        unit_type = header >> 3 & 15
        if unit_type not in _AV1_BEFORE_SEQUENCE or not header & 2:
            return unit_type == _AV1_SEQUENCE
        position += 2 if header & 4 else 1
        size, shift = 0, 0
        while position < len(packet):
            size |= (packet[position] & 127) << shift
            position, shift = position + 1, shift + 7
            if not packet[position - 1] & 128:
                break
        position += size
    return False


_CHECKS: dict[str, Check] = {
    "av1": _is_av1_start,
    "h264": _is_h264_start,
    "hevc": _is_hevc_start,
    "mpeg1video": _is_mpeg_start,
    "mpeg2video": _is_mpeg_start,
    "mpeg4": _is_mpeg4_start,
    "vp8": _is_vp8_start,
    "vp9": _is_vp9_start,
}


def is_start_packet(packet: VideoPacket) -> bool:
    """Returns whether decoding can begin with this packet, such that every picture from this
    packet's time is correct."""
    if not packet.is_keyframe or packet.is_discard or packet.pts is None:
        return False
    context = packet.stream.codec_context
    check = find_check(context.codec.canonical_name)
    return check is None or check(bytes(packet), context.extradata)
