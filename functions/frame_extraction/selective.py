"""A strategy that decodes only what the requested pictures need, using the packets' timestamps.

Packets wait undecoded until it is known which picture is shown at the next target. Packets before a
keyframe that is shown no later than that target are never decoded. Pictures that no other picture
refers to are skipped unless they are requested. This works for open GOPs too: pictures that are
shown before a keyframe are decoded from the packets before it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Generator, Iterator

from av.video.frame import VideoFrame

from functions.frame_extraction.extraction_result import TimestampsOutOfOrder
from functions.frame_extraction.stream_properties import (
    can_skip_unreferenced,
    is_dts_reliable,
    keeps_packet_order,
    last_picture_end,
    min_jump_ticks,
)
from functions.frame_extraction.targets import (
    SelectionFailed,
    ShownFrame,
    Targets,
)
from shared.media.codecs.keyframes import is_start_packet
from shared.media.containers.decode import VideoPacket
from shared.media.containers.packets import PacketSource

MAX_REORDER_PACKETS = 34
"""After this many later pictures no earlier one can come. A decoder delays at most 16 pictures for
reordering (H.264 and HEVC, MaxDpbFrames), which are up to 32 packets when they are fields."""
MAX_PENDING_BYTES = 24 << 20
"""Beyond this size packets of a GOP are decoded instead of kept in memory."""
_MIN_PTS = -(1 << 63)


def decode_selectively(source: PacketSource, targets: Targets, k: int) -> Iterator[ShownFrame]:
    """Decodes selectively. Raises SelectionFailed when the decoder returns other pictures than the
    timestamps of the packets say, and TimestampsOutOfOrder."""
    return _Selection(source, targets, k).run()


class _Selection:
    """The state of one run. `_k` is the first target whose picture is not known yet; `_limit` is
    the largest pts that can be shown there."""

    def __init__(self, source: PacketSource, targets: Targets, k: int) -> None:
        media_info = source.media_info
        self._source = source
        self._targets = targets
        self._k = k
        self._limit = targets.max_pts(k)
        # Targets by the pts of their picture, until the decoder returns it.
        self._targets_by_pts: dict[int, list[int]] = {}
        self._last_shown: tuple[int, VideoFrame] | None = None
        # (pts, limit) of the last resolved targets.
        self._resolved: deque[tuple[int, int]] = deque(maxlen=MAX_REORDER_PACKETS)
        # Sorted, from the picture of the last resolved target on.
        self._seen_pts: list[int] = []
        self._pending: deque[VideoPacket] = deque()
        self._pending_pts: set[int] = set()
        self._pending_bytes = 0
        self._is_decoder_fed = False
        self._dts: int | None = None
        self._last_duration = 0
        self._max_seen_pts = _MIN_PTS
        self._dts_is_reliable = is_dts_reliable(media_info)
        self._keeps_order = keeps_packet_order(media_info)
        self._can_skip = can_skip_unreferenced(media_info)
        self._min_jump = min_jump_ticks(media_info)

    def run(self) -> Iterator[ShownFrame]:
        """For each target: seeks to it, reads on while targets lie close together, and drains."""
        self._source.reset_decoder()
        is_done = False
        while not is_done and self._targets.contains(self._k):
            self._clear()
            is_done = yield from self._read(self._source.read_from_keyframe(self._limit))
            yield from self._drain()

    def _clear(self) -> None:
        for collection in (self._seen_pts, self._pending, self._pending_pts, self._resolved):
            collection.clear()
        self._pending_bytes = 0
        self._dts = None

    def _read(self, packets: Iterator[VideoPacket]) -> Generator[ShownFrame, None, bool]:
        """Returns True when the window or stream has ended, False to seek to the next target."""
        previous_max_pts, first_k = self._max_seen_pts, self._k
        self._max_seen_pts = _MIN_PTS
        for packet in packets:
            self._add_packet(packet)
            if packet.pts is not None and packet.pts < previous_max_pts:
                # The last seek went backwards: do not seek any more.
                self._min_jump = None
            previous_max_pts = _MIN_PTS
            if packet.is_keyframe:
                yield from self._drop_before_keyframe()
            while self._targets.contains(self._k) and self._is_resolved():
                yield from self._resolve()
            if not self._targets.contains(self._k):
                return True
            while self._pending_bytes > MAX_PENDING_BYTES:
                yield from self._decode_next()
            distance = self._limit - self._max_seen_pts
            is_far = self._min_jump is not None and distance >= self._min_jump
            if is_far and self._k > first_k:
                return False
        yield from self._finish()
        return True

    def _add_packet(self, packet: VideoPacket) -> None:
        self._pending.append(packet)
        self._pending_bytes += packet.size
        if packet.is_discard:
            return
        pts = packet.pts
        if pts is None:
            raise SelectionFailed(self._first_missing_target(), "a packet has no timestamp")
        self._pending_pts.add(pts)
        if packet.dts is not None:
            self._dts = packet.dts
        if pts < self._targets.first_pts:
            return
        for resolved_pts, limit in self._resolved:
            if resolved_pts < pts <= limit:
                raise TimestampsOutOfOrder(
                    f"pts {pts} came after {resolved_pts} was chosen for {limit}"
                )
        insort(self._seen_pts, pts)
        if pts > self._max_seen_pts:
            self._max_seen_pts = pts
            self._last_duration = packet.duration or 0

    def _is_resolved(self) -> bool:
        """Whether no later packet can contain the picture that is shown at the next target."""
        end = bisect_right(self._seen_pts, self._limit)
        later_count = len(self._seen_pts) - end
        if end == 0:
            return False
        if self._seen_pts[end - 1] == self._limit:
            return True
        if later_count == 0:
            return False
        is_dts_later = self._dts_is_reliable and self._dts is not None and self._dts > self._limit
        return is_dts_later or self._keeps_order or later_count >= MAX_REORDER_PACKETS

    def _resolve(self) -> Iterator[ShownFrame]:
        """Chooses the last picture seen up to the next target, and decodes up to that picture."""
        end = bisect_right(self._seen_pts, self._limit)
        if end == 0:
            raise SelectionFailed(self._k, "the first picture after the keyframe comes too late")
        k, pts = self._k, self._seen_pts[end - 1]
        self._targets.check_limit(k)
        yield from self._drop_before_keyframe()
        del self._seen_pts[: end - 1]
        self._resolved.append((pts, self._limit))
        self._k += 1
        self._limit = self._targets.max_pts(self._k)
        if self._last_shown is not None and self._last_shown[0] == pts:
            yield ShownFrame(k, pts, self._last_shown[1])
            return
        self._targets_by_pts.setdefault(pts, []).append(k)
        while pts in self._pending_pts:
            yield from self._decode_next()

    def _drop_before_keyframe(self) -> Iterator[ShownFrame]:
        """Drops the packets before the last keyframe that is shown at or before the next target."""
        start = 0
        for n, packet in enumerate(self._pending):
            is_early = packet.pts is not None and packet.pts <= self._limit
            if is_early and packet.is_keyframe and is_start_packet(packet):
                start = n
        if start == 0:
            return
        yield from self._drain()
        for _ in range(start):
            self._pop_packet()

    def _pop_packet(self) -> VideoPacket:
        packet = self._pending.popleft()
        self._pending_bytes -= packet.size
        if packet.pts is not None:
            self._pending_pts.discard(packet.pts)
        return packet

    def _decode_next(self) -> Iterator[ShownFrame]:
        packet = self._pop_packet()
        is_skipped = self._can_skip and self._is_never_shown(packet)
        self._is_decoder_fed = True
        yield from self._yield_shown(self._source.decode(packet, skip_unreferenced=is_skipped))

    def _is_never_shown(self, packet: VideoPacket) -> bool:
        """Whether it is certain that no target, resolved or not, shows the packet's picture."""
        pts = packet.pts
        if pts is None or packet.is_discard:
            return True
        if pts in self._targets_by_pts or pts > self._limit:
            return False
        following = bisect_right(self._seen_pts, pts)
        return following < len(self._seen_pts) and self._seen_pts[following] <= self._limit

    def _yield_shown(self, frames: list[VideoFrame]) -> Iterator[ShownFrame]:
        for frame in frames:
            pts = frame.pts
            if pts is None or (self._targets_by_pts and pts > min(self._targets_by_pts)):
                raise SelectionFailed(
                    self._first_missing_target(), "the decoder skipped a requested picture"
                )
            if pts in self._targets_by_pts:
                self._last_shown = (pts, frame)
                for k in self._targets_by_pts.pop(pts):
                    yield ShownFrame(k, pts, frame)

    def _drain(self) -> Iterator[ShownFrame]:
        if not self._is_decoder_fed:
            return
        yield from self._yield_shown(self._source.decode(None))
        if self._targets_by_pts:
            raise SelectionFailed(
                self._first_missing_target(), "the decoder skipped a requested picture"
            )
        self._source.reset_decoder()
        self._is_decoder_fed = False

    def _finish(self) -> Iterator[ShownFrame]:
        """Resolves the targets that remain after the last packet, up to the last picture's end."""
        if not self._seen_pts:
            return
        gap = self._seen_pts[-1] - self._seen_pts[-2] if len(self._seen_pts) > 1 else 0
        media_info = self._source.media_info
        duration = self._last_duration or gap or media_info.frame_ticks
        end = last_picture_end(media_info, self._seen_pts[-1], duration)
        while self._targets.contains(self._k) and self._targets.is_before(self._k, end):
            yield from self._resolve()

    def _first_missing_target(self) -> int:
        return min((ks[0] for ks in self._targets_by_pts.values()), default=self._k)
