"""The first packets and the first picture of a video stream: what they say about the rest."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.media.containers.demux import raise_if_read_failed
from shared.media.containers.packets import VideoPacket, is_start_packet, next_packet
from shared.media.errors import UnsupportedCodec

# Enough for two keyframes of most files; a longer GOP is reported as unknown.
MAX_SCAN_PACKETS = 700
MAX_SCAN_BYTES = 4 << 20
# Pictures that refer back across a keyframe come right behind it.
MIN_FRAMES_AFTER_KEYFRAME = 24
# A decoder that has shown nothing after this many packets will not.
MAX_PACKETS_TO_FIRST_FRAME = 300


@dataclass
class Scan:
    """Sorted pts and keyframes in ticks; what was odd about them.

    keyframes: those from which decoding can begin. gradual: there are others, from which it cannot.
    leading: pictures behind a keyframe are shown before it (an open GOP). stamped: every packet
    has a pts and a place of its own. complete: the stream ended within the scan. discarded: an edit
    list leaves packets out.
    """

    first_frame: VideoFrame | None = None
    first_dts: int | None = None
    pts: list[int] = field(default_factory=list)
    keyframes: list[int] = field(default_factory=list)
    has_gradual_refresh: bool = False
    has_leading_frames: bool = False
    has_timestamps: bool = True
    is_in_order: bool = True
    is_complete: bool = False
    has_discarded_packets: bool = False
    error_count: int = 0
    packet_count: int = 0
    size_bytes: int = 0
    last_dts: int | None = None

    @property
    def is_reliable(self) -> bool:
        """Whether time stamps can be taken at their word."""
        return self.has_timestamps and self.is_in_order and len(set(self.pts)) == len(self.pts)

    def is_enough(self) -> bool:
        if self.packet_count >= MAX_SCAN_PACKETS or self.size_bytes >= MAX_SCAN_BYTES:
            return True
        if self.first_frame is None or len(self.keyframes) < 2:
            return False
        return len(self.pts) - bisect_right(self.pts, self.keyframes[1]) > MIN_FRAMES_AFTER_KEYFRAME

    def add_packet(self, packet: VideoPacket) -> None:
        """Take in one packet's stamps."""
        self.packet_count += 1
        self.size_bytes += packet.size
        if packet.is_discard:
            self.has_discarded_packets = True
            return
        if self.first_dts is None:
            self.first_dts = packet.dts
        if packet.pts is None:
            self.has_timestamps = False
            return
        self.has_timestamps = self.has_timestamps and packet.pos is not None
        if packet.dts is not None:
            late = packet.dts > packet.pts
            if late or (self.last_dts is not None and packet.dts < self.last_dts):
                self.is_in_order = False
            self.last_dts = packet.dts
        if is_start_packet(packet):
            self.keyframes.append(packet.pts)
        elif packet.is_keyframe:
            self.has_gradual_refresh = True
        elif len(self.keyframes) > 1 and packet.pts < self.keyframes[-1]:
            self.has_leading_frames = True
        insort(self.pts, packet.pts)


def scan(container: InputContainer, stream: VideoStream, file: object) -> Scan:
    """Read from the container's present position. Raises UnsupportedCodec and what reading does."""
    found = Scan()
    packets = container.demux(stream)
    while not found.is_enough():
        try:
            packet = next_packet(packets)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            packet = None
        if packet is None:
            found.is_complete = True
            break
        if found.first_frame is None and found.packet_count < MAX_PACKETS_TO_FIRST_FRAME:
            _decode(packet, found)
        if packet.size:
            found.add_packet(packet)
    raise_if_read_failed(file)
    return found


def _decode(packet: VideoPacket, found: Scan) -> None:
    try:
        frames = packet.decode()
    except (av.error.DecoderNotFoundError, NotImplementedError) as error:
        raise UnsupportedCodec from error
    except av.error.EOFError:
        return
    except MemoryError:
        raise
    except (av.error.FFmpegError, OSError):
        found.error_count += 1
        return
    found.first_frame = next(iter(frames), None)
