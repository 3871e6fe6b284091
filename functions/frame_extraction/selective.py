"""Decode only what the wanted pictures need: the packets say what is shown when.

Packets wait undecoded until it is known which picture is shown at the next target. What comes
before a keyframe that is shown no later than that target is never decoded at all; pictures that no
other picture refers to are skipped unless they are wanted. This holds for open GOPs too: whatever
precedes a keyframe's picture in time is fetched from the packets before it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Generator, Iterator

from av.video.frame import VideoFrame

from functions.frame_extraction.targets import (
    SelectionFailed,
    ShownFrame,
    Targets,
    TimestampsOutOfOrder,
)
from shared.media.containers.decode import decode_packet
from shared.media.containers.packets import PacketSource, VideoPacket, is_start_packet
from shared.recipes.media_info import MediaInfo

# A decoder holds at most 16 pictures back for reordering (H.264 and HEVC, MaxDpbFrames), which may
# be 32 packets when fields come alone: after so many later pictures no earlier one can come.
MAX_REORDER_PACKETS = 34
# Pictures leave these decoders in the order of their packets.
_UNREORDERED = frozenset({"vp8", "vp9", "av1", "mjpeg", "gif"})
# Where a decoder's NONREF skips exactly the pictures that nothing refers to. In HEVC a picture may
# be unreferenced in its own temporal layer and still be needed by the next.
_SKIPS_NONREF = frozenset({"h264", "mpeg2video", "mpeg1video", "mpeg4"})
# Containers whose dts were written by the muxer, so that no later packet has a pts below them.
_WRITTEN_DTS = frozenset({"mov", "flv", "mpegts"})
# A GOP longer than this is decoded rather than kept in memory.
MAX_PENDING_BYTES = 24 << 20


def decode_selectively(source: PacketSource, targets: Targets, k: int) -> Iterator[ShownFrame]:
    """Raises SelectionFailed when the decoder does not show what the packets promised."""
    return _Selection(source, targets, k).run()


class _Selection:
    """`_k` is the first target of which it is not known yet what is shown there."""

    def __init__(self, source: PacketSource, targets: Targets, k: int) -> None:
        media_info = source.media_info
        self._source = source
        self._targets = targets
        self._k = k
        self._limit = targets.max_pts(k)
        self._wanted: dict[int, list[int]] = {}  # pts → targets, until the decoder shows it
        self._shown: tuple[int, VideoFrame] | None = None
        self._resolved: deque[tuple[int, int]] = deque(maxlen=MAX_REORDER_PACKETS)  # (pts, limit)
        self._seen: list[int] = []  # sorted, from the picture of the last resolved target on
        self._pending: deque[VideoPacket] = deque()
        self._pending_pts: set[int] = set()
        self._pending_bytes = 0
        self._fed = False
        self._dts: int | None = None
        self._last_duration = 0
        self._seen_until = -(1 << 63)
        self._trusts_dts = media_info.container.split(",")[0] in _WRITTEN_DTS
        self._unreordered = media_info.video.codec in _UNREORDERED
        self._skips = media_info.video.codec in _SKIPS_NONREF
        self._jump = _worthwhile_jump(media_info)

    def run(self) -> Iterator[ShownFrame]:
        """Seek to the next target, read on while targets lie close together, drain; repeat."""
        self._source.reset_decoder()
        done = False
        while not done and self._targets.contains(self._k):
            self._forget()
            done = yield from self._read(self._source.read_from_keyframe(self._limit))
            yield from self._drain()

    def _forget(self) -> None:
        for memory in (self._seen, self._pending, self._pending_pts, self._resolved):
            memory.clear()
        self._pending_bytes = 0
        self._dts = None

    def _read(self, packets: Iterator[VideoPacket]) -> Generator[ShownFrame, None, bool]:
        """True when window or stream has ended, False when a jump to the next target is due."""
        before, resolved_before = self._seen_until, self._k
        self._seen_until = -(1 << 63)
        for packet in packets:
            self._note(packet)
            if packet.pts is not None and packet.pts < before:
                self._jump = None  # the last jump led backwards: read on from here instead
            before = -(1 << 63)
            if packet.is_keyframe:
                yield from self._skip_to_keyframe()
            while self._targets.contains(self._k) and self._is_resolved():
                yield from self._resolve()
            if not self._targets.contains(self._k):
                return True
            while self._pending_bytes > MAX_PENDING_BYTES:
                yield from self._feed()
            far = self._jump is not None and self._limit - self._seen_until >= self._jump
            if far and self._k > resolved_before:
                return False
        yield from self._finish()
        return True

    def _note(self, packet: VideoPacket) -> None:
        self._pending.append(packet)
        self._pending_bytes += packet.size
        if packet.is_discard:
            return
        pts = packet.pts
        if pts is None:
            raise SelectionFailed(self._first_open(), "a packet has no time stamp")
        self._pending_pts.add(pts)
        if packet.dts is not None:
            self._dts = packet.dts
        if pts < self._targets.first_pts:
            return
        for answer, limit in self._resolved:
            if answer < pts <= limit:
                raise TimestampsOutOfOrder(f"pts {pts} came after {answer} was taken for {limit}")
        insort(self._seen, pts)
        if pts > self._seen_until:
            self._seen_until = pts
            self._last_duration = packet.duration or 0

    def _is_resolved(self) -> bool:
        """Whether no packet that is still to come can be what is shown at the next target."""
        at = bisect_right(self._seen, self._limit)
        later = len(self._seen) - at
        if at == 0:
            return False
        if self._seen[at - 1] == self._limit:
            return True
        if later == 0:
            return False
        settled = self._trusts_dts and self._dts is not None and self._dts > self._limit
        return settled or self._unreordered or later >= MAX_REORDER_PACKETS

    def _resolve(self) -> Iterator[ShownFrame]:
        """Settle the next target on the last picture seen up to it, and decode up to there."""
        at = bisect_right(self._seen, self._limit)
        if at == 0:
            raise SelectionFailed(self._k, "the first picture after the keyframe comes too late")
        k, pts = self._k, self._seen[at - 1]
        self._targets.check_limit(k)
        yield from self._skip_to_keyframe()
        del self._seen[: at - 1]
        self._resolved.append((pts, self._limit))
        self._k += 1
        self._limit = self._targets.max_pts(self._k)
        if self._shown is not None and self._shown[0] == pts:
            yield ShownFrame(k, pts, self._shown[1])
            return
        self._wanted.setdefault(pts, []).append(k)
        while pts in self._pending_pts:
            yield from self._feed()

    def _skip_to_keyframe(self) -> Iterator[ShownFrame]:
        """Drop what precedes the last keyframe that is shown no later than the next target."""
        start = 0
        for n, packet in enumerate(self._pending):
            early = packet.pts is not None and packet.pts <= self._limit
            if early and packet.is_keyframe and is_start_packet(packet):
                start = n
        if start == 0:
            return
        yield from self._drain()
        for _ in range(start):
            self._take()

    def _take(self) -> VideoPacket:
        packet = self._pending.popleft()
        self._pending_bytes -= packet.size
        if packet.pts is not None:
            self._pending_pts.discard(packet.pts)
        return packet

    def _feed(self) -> Iterator[ShownFrame]:
        packet = self._take()
        skip = self._skips and self._is_unwanted(packet)
        decoder = self._source.decoder
        decoder.skip_frame = "NONREF" if skip else "DEFAULT"
        self._fed = True
        yield from self._emit(decode_packet(decoder, packet))

    def _is_unwanted(self, packet: VideoPacket) -> bool:
        """True only if no target, resolved or not, can turn out to show this packet's picture."""
        pts = packet.pts
        if pts is None or packet.is_discard:
            return True
        if pts in self._wanted or pts > self._limit:
            return False
        successor = bisect_right(self._seen, pts)
        return successor < len(self._seen) and self._seen[successor] <= self._limit

    def _emit(self, frames: list[VideoFrame]) -> Iterator[ShownFrame]:
        for frame in frames:
            pts = frame.pts
            if pts is None or (self._wanted and pts > min(self._wanted)):
                raise SelectionFailed(self._first_open(), "the decoder left out a wanted picture")
            if pts in self._wanted:
                self._shown = (pts, frame)
                for k in self._wanted.pop(pts):
                    yield ShownFrame(k, pts, frame)

    def _drain(self) -> Iterator[ShownFrame]:
        if not self._fed:
            return
        yield from self._emit(decode_packet(self._source.decoder, None))
        if self._wanted:
            raise SelectionFailed(self._first_open(), "the decoder left out a wanted picture")
        self._source.reset_decoder()
        self._fed = False

    def _finish(self) -> Iterator[ShownFrame]:
        """The packets have ended: what is seen is all, and the last picture's end is the end."""
        if not self._seen:
            return
        gap = self._seen[-1] - self._seen[-2] if len(self._seen) > 1 else 0
        length = self._last_duration or gap or self._source.media_info.frame_ticks
        end = self._seen[-1] + length
        while self._targets.contains(self._k) and self._targets.is_before(self._k, end):
            yield from self._resolve()

    def _first_open(self) -> int:
        return min((ks[0] for ks in self._wanted.values()), default=self._k)


def _worthwhile_jump(media_info: MediaInfo) -> int | None:
    """Ticks between targets beyond which a seek reads less than reading on; None for never."""
    interval = media_info.video.keyframe_interval_s
    if interval is None or media_info.random_access == "none":
        return None
    # Finding a place by time stamps costs several reads, and lands well before the target.
    jump = interval if media_info.random_access == "index" else 5 * interval + 5
    return int(jump / media_info.video.time_base)
