"""Scans the first packets and the first picture of a video stream."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from functions.upload_trigger.probes.timelines.timeline import Timeline
from shared.media.codecs.keyframes import can_check, is_start_packet
from shared.media.containers.decode import VideoPacket
from shared.media.containers.demux import next_packet, raise_if_read_failed
from shared.media.containers.time_stamps import TimestampCorrector
from shared.media.errors import UnsupportedCodec

# Contains two keyframes in most files; a longer GOP is reported as unknown.
MAX_SCAN_PACKETS = 700
MAX_SCAN_BYTES = 4 << 20
# Pictures that refer back across a keyframe directly follow it.
MIN_FRAMES_AFTER_KEYFRAME = 24
# A decoder that has returned no picture after this many packets from a keyframe on will not return
# any. In a stream with gradual refresh a picture is complete at the latest two refreshes later.
MAX_PACKETS_TO_FIRST_FRAME = 300
MAX_REFRESH_PACKETS = 3000
# A recording may begin in the middle of a GOP. A GOP that is longer is not searched for its end.
MAX_BYTES_TO_FIRST_FRAME = 256 << 20


@dataclass
class Scan:
    """The result of a scan: sorted timestamps in ticks, and irregularities.

    Attributes:
        keyframes: The pts of keyframes at which decoding can begin.
        has_gradual_refresh: There are other keyframes, at which decoding cannot begin.
        has_leading_frames: Pictures after a keyframe are shown before it (an open GOP).
        has_timestamps: Every packet has a pts and a position.
        is_in_order: The dts never decrease and are not later than the pts.
        is_complete: The stream ended within the scan.
        has_discarded_packets: An edit list excludes packets.
        begin_pts: The smallest pts before the first packet at which decoding can begin; None when
            that is the first packet.
        fed_count: The number of packets that were decoded until the first picture.
        last_duration: The duration in the packet with the largest pts, in ticks; 0 if unknown.
        packet_count: The number of packets, without those that were not decoded on purpose.
    """

    first_frame: VideoFrame | None = None
    begin_pts: int | None = None
    fed_count: int = 0
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
    last_duration: int = 0
    packet_count: int = 0
    size_bytes: int = 0
    last_dts: int | None = None

    @property
    def is_reliable(self) -> bool:
        """Whether the timestamps can be relied on: complete, in order and unique."""
        return self.has_timestamps and self.is_in_order and len(set(self.pts)) == len(self.pts)

    def are_keyframes_reliable(self, codec: av.Codec) -> bool:
        """Whether decoding can begin at the packets that are marked as keyframes. If all are, it
        cannot in a codec whose pictures may refer to earlier ones, unless its packets say it."""
        if can_check(codec.canonical_name, intra_only=codec.intra_only):
            return True
        return len(self.keyframes) < max(2, len(self.pts))

    def is_enough(self) -> bool:
        """Whether the scan can stop: at a limit, or with two keyframes and the pictures after."""
        if self.first_frame is None:
            limit = MAX_PACKETS_TO_FIRST_FRAME if self.keyframes else MAX_REFRESH_PACKETS
            return self.fed_count >= limit or self.size_bytes >= MAX_BYTES_TO_FIRST_FRAME
        if self.packet_count >= MAX_SCAN_PACKETS or self.size_bytes >= MAX_SCAN_BYTES:
            return True
        if len(self.keyframes) < 2:
            return False
        return len(self.pts) - bisect_right(self.pts, self.keyframes[1]) > MIN_FRAMES_AFTER_KEYFRAME

    def skip_packet(self, packet: VideoPacket) -> None:
        """Notes a packet whose picture cannot be decoded."""
        if packet.pts is not None and not packet.is_discard:
            begin = packet.pts if self.begin_pts is None else self.begin_pts
            self.begin_pts = min(packet.pts, begin)

    def add_packet(self, packet: VideoPacket, *, is_start: bool) -> None:
        """Adds the timestamps of a packet."""
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
            is_late = packet.dts > packet.pts
            if is_late or (self.last_dts is not None and packet.dts < self.last_dts):
                self.is_in_order = False
            self.last_dts = packet.dts
        if is_start:
            self.keyframes.append(packet.pts)
        elif packet.is_keyframe:
            self.has_gradual_refresh = True
        elif len(self.keyframes) > 1 and packet.pts < self.keyframes[-1]:
            self.has_leading_frames = True
        if not self.pts or packet.pts > self.pts[-1]:
            self.last_duration = packet.duration or 0
        insort(self.pts, packet.pts)


def scan(
    container: InputContainer,
    stream: VideoStream,
    file: object,
    timeline: Timeline,
    first_packets: Iterable[VideoPacket] = (),
) -> Scan:
    """Scans from the current position of the container, with the time stamps of the timeline.
    `first_packets` are those that were read before.

    Packets before the first keyframe are not decoded, if there is one: some decoders would return
    pictures that are grey where they refer to missing ones.

    Raises UnsupportedCodec and the errors of reading the file.
    """
    result = Scan()
    packets = chain(first_packets, container.demux(stream))
    corrector = TimestampCorrector(timeline.discontinuities)
    first_pts = timeline.first_keyframe_pts
    while not result.is_enough():
        try:
            packet = next_packet(packets)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            packet = None
        if packet is None:
            result.is_complete = True
            break
        if not corrector.correct(packet):
            continue
        if first_pts is not None and packet.pts != first_pts:
            result.skip_packet(packet)
            continue
        first_pts = None
        is_start = is_start_packet(packet)
        if result.first_frame is None:
            if packet.size and not is_start and not result.keyframes:
                result.skip_packet(packet)
            result.fed_count += 1
            _decode(packet, result)
        if packet.size:
            result.add_packet(packet, is_start=is_start)
    raise_if_read_failed(file)
    return result


def _decode(packet: VideoPacket, result: Scan) -> None:
    try:
        frames = packet.decode()
    except (av.error.DecoderNotFoundError, NotImplementedError) as error:
        raise UnsupportedCodec from error
    except av.error.EOFError:
        return
    except MemoryError:
        raise
    except (av.error.FFmpegError, OSError):
        result.error_count += 1
        return
    result.first_frame = next(iter(frames), None)
