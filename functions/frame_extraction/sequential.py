"""Strategies that decode every picture. They are correct for any stream that can be decoded."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import chain

from av.video.frame import VideoFrame

from functions.frame_extraction.stream_properties import last_picture_end
from functions.frame_extraction.targets import SelectionFailed, ShownFrame, Targets
from shared.media.containers.decode import VideoPacket
from shared.media.containers.packets import PacketSource
from shared.recipes.media_info import COUNTED_CONTAINERS, MediaInfo


def decode_sequentially(source: PacketSource, targets: Targets, k: int) -> Iterator[ShownFrame]:
    """Decodes from the last keyframe before target `k`. Raises SelectionFailed when no picture that
    can be decoded from there is shown at `k`."""
    pictures = _decode(source, source.read_from_keyframe(targets.max_pts(k)))
    return _select_shown(pictures, targets, k, source.media_info)


def decode_from_start(source: PacketSource, targets: Targets, k: int) -> Iterator[ShownFrame]:
    """Decodes from the beginning of the file: the last resort, which works for any container."""
    pictures = _decode(source, source.read_from_start())
    return _select_shown(pictures, targets, k, source.media_info)


def match_frames(frames: Iterable[VideoFrame], targets: Targets) -> Iterator[ShownFrame]:
    """Yields the frames shown at the window's targets. `frames` are all frames in order."""
    pictures = ((frame.pts or 0, frame) for frame in frames)
    return _select_shown(pictures, targets, targets.window.k_start)


def _select_shown(
    pictures: Iterable[tuple[int, VideoFrame]],
    targets: Targets,
    k: int,
    media_info: MediaInfo | None = None,
) -> Iterator[ShownFrame]:
    """Yields the frames shown at the targets from `k` on, out of pictures in display order. Without
    a media info every picture has a duration."""
    shown: VideoFrame | None = None
    shown_pts = gap = 0
    for pts, frame in pictures:
        if pts < targets.first_pts or (shown is not None and pts <= shown_pts):
            continue
        while targets.contains(k) and targets.max_pts(k) < pts:
            if shown is None:
                raise SelectionFailed(k, "the first picture after the keyframe comes too late")
            targets.check_limit(k)
            yield ShownFrame(k, shown_pts, shown)
            k += 1
        if not targets.contains(k):
            return
        gap = pts - shown_pts if shown is not None else 0
        shown, shown_pts = frame, pts
    if shown is None:
        return
    end = shown_pts + (shown.duration or gap or 1)
    if media_info is not None:
        duration = shown.duration or gap or media_info.frame_ticks
        end = last_picture_end(media_info, shown_pts, duration)
    while targets.contains(k) and targets.is_before(k, end):
        targets.check_limit(k)
        yield ShownFrame(k, shown_pts, shown)
        k += 1


def _decode(
    source: PacketSource, packets: Iterable[VideoPacket]
) -> Iterator[tuple[int, VideoFrame]]:
    """Yields pictures in display order, with their pts in ticks."""
    pictures = _decode_pictures(source, packets)
    family = source.media_info.container.split(",")[0]
    return _correct_pts(pictures) if family == "mpeg" else pictures


def _correct_pts(
    pictures: Iterable[tuple[int, VideoFrame]],
) -> Iterator[tuple[int, VideoFrame]]:
    """Corrects pts that contradict the order of the pictures.

    In a program stream a time stamp is that of the first picture whose start code is in a packet
    (ISO/IEC 13818-1 §2.4.3.7). Muxers, FFmpeg's too, disagree about headers before a picture, so
    that some pictures have the time of another one, and those after it are counted from there.
    """
    before: int | None = None
    held: tuple[int, VideoFrame] | None = None
    for pts, frame in pictures:
        if held is not None:
            held = _between(before, held, pts)
            yield held
            before = held[0]
        held = pts, frame
    if held is not None:
        yield _between(before, held, None)


def _between(
    before: int | None, picture: tuple[int, VideoFrame], after: int | None
) -> tuple[int, VideoFrame]:
    pts, frame = picture
    if before is None:
        return picture
    if pts == before:
        # This one is on time, and the one before was late: as short as possible, but not lost.
        return before + 1, frame
    is_late = after is not None and before < after < pts
    return (before + (frame.duration or 1), frame) if is_late or pts < before else picture


def _decode_pictures(
    source: PacketSource, packets: Iterable[VideoPacket]
) -> Iterator[tuple[int, VideoFrame]]:
    """Yields pictures in display order, with their pts in ticks."""
    source.reset_decoder()
    # These containers number their packets: the n-th picture has the n-th smallest dts.
    is_counted = source.media_info.container.split(",")[0] in COUNTED_CONTAINERS
    dts_heap: list[int] = []
    pts = source.media_info.video.first_pts
    duration = 0
    end_of_stream: list[VideoPacket | None] = [None]
    for packet in chain(packets, end_of_stream):
        if is_counted and packet is not None and packet.size and packet.dts is not None:
            heapq.heappush(dts_heap, packet.dts)
        for frame in source.decode(packet):
            if is_counted and dts_heap:
                pts = heapq.heappop(dts_heap)
            else:
                pts = frame.pts if frame.pts is not None else pts + duration
            duration = frame.duration or duration or source.media_info.frame_ticks
            yield pts, frame
