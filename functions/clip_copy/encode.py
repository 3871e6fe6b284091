"""Encodes a span of a clip in H.264, in a sandbox process: its pictures come from a camera.

The pictures of JPEG have the full range and the matrix of BT.601, and those of the copy the limited
range and the matrix of BT.709, which is what players assume of files that state nothing. The times
are those of the clip, in its time base.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av

# PyAV imports these when they are first used; a sandbox process cannot import modules.
import av.filter
import av.filter.graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from functions.clip_copy.orientation import read_jpeg_orientation
from shared.media.containers.decode import PacketDecoder
from shared.media.containers.demux import next_packet, open_container, raise_if_read_failed
from shared.media.errors import NoVideoStream
from shared.media.limits import check_size
from shared.media.sandbox.child import SandboxIO

PIECE_FORMAT = "nut"
"""FFmpeg's own container. It is written without seeking and keeps exact times."""
MAX_LONG_SIDE_PX = 1920
"""Larger pictures are scaled down: not every device decodes larger H.264."""
ENCODER = {
    "preset": "veryfast",
    "crf": "23",
    # Without B-frames a picture's time is its decoding time, and pieces join without gaps.
    "bf": "0",
    "rc-lookahead": "10",
    "x264-params": "keyint=60:scenecut=40:repeat-headers=0",
}
_RATE = 30
"""For the encoder's rate control only; the same for every piece."""
_BT709 = 1
_REPORT_EVERY = 10
_FILTERS = {90: (("transpose", "clock"),), 180: (("hflip", ""), ("vflip", "")),
            270: (("transpose", "cclock"),), 0: ()}  # fmt: skip


def encode_piece(sandbox_io: SandboxIO, begin_s: int, end_s: int | None, piece_s: int) -> bytes:
    """Writes the pictures with times from `begin_s` to `end_s` (exclusive, None for the end of the
    clip) in PIECE_FORMAT to `sandbox_io`: nothing when there are none. Reports percent of
    `piece_s`.

    All pieces of a clip have the size and the orientation of its first picture.
    """
    count = 0
    with open_container(sandbox_io.file) as container:
        if not container.streams.video:
            raise NoVideoStream
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        time_base = Fraction(stream.time_base or 1)
        first = next(_read_pictures(container, stream, None, None), None)
        if first is None:
            raise_if_read_failed(sandbox_io.file)
            raise NoVideoStream
        convert = _converter(*first)
        begin, end = _to_ticks(begin_s, time_base), _to_ticks(end_s, time_base)
        container.seek(begin, stream=stream)
        output: Any = None
        encoder: Any = None
        for frame, _ in _read_pictures(container, stream, begin, end):
            picture = convert(frame)
            if output is None:
                output = av.open(_Output(sandbox_io), "w", format=PIECE_FORMAT)
                encoder = _add_stream(output, picture, time_base)
            picture.pts, picture.time_base = frame.pts, time_base
            output.mux(encoder.encode(picture))
            count += 1
            if count % _REPORT_EVERY == 0:
                done_s = (frame.pts - begin) * time_base
                sandbox_io.report_progress(min(100, int(100 * done_s / piece_s)))
        raise_if_read_failed(sandbox_io.file)
        if output is not None:
            output.mux(encoder.encode(None))
            output.close()
    return json.dumps({"pictures": count}).encode()


def _to_ticks(seconds: int | None, time_base: Fraction) -> Any:
    return None if seconds is None else round(seconds / time_base)


def _read_pictures(
    container: Any, stream: Any, begin: int | None, end: int | None
) -> Iterator[tuple[VideoFrame, bytes]]:
    """Yields the pictures from the current position, those from `begin` to `end` (exclusive), in
    ticks, each with its encoded bytes. A picture that cannot be decoded is left out."""
    decoder = PacketDecoder()
    packets = container.demux(stream)
    while (packet := next_packet(packets)) is not None and packet.size:
        if packet.pts is None or packet.is_discard or (begin is not None and packet.pts < begin):
            continue
        if end is not None and packet.pts >= end:
            return
        for frame in decoder.decode(stream.codec_context, packet):
            check_size(frame.width, frame.height)
            frame.pts = packet.pts
            yield frame, bytes(packet)


def _converter(first: VideoFrame, encoded: bytes) -> Callable[[VideoFrame], VideoFrame]:
    """Returns the function that converts a picture of the clip to one of the copy: upright, with
    even sides, in BT.709 with the limited range."""
    scale = min(Fraction(1), Fraction(MAX_LONG_SIDE_PX, max(first.width, first.height)))
    width, height = (max(2, int(side * scale) // 2 * 2) for side in (first.width, first.height))
    rotation, is_mirrored = read_jpeg_orientation(encoded)
    steps = (*((("hflip", ""),) if is_mirrored else ()), *_FILTERS[rotation])
    reformatter = VideoReformatter()

    def convert(frame: VideoFrame) -> VideoFrame:
        is_limited = frame.color_range == ColorRange.MPEG
        picture = reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="yuv420p",
            # JFIF, whatever the picture states.
            src_colorspace=Colorspace.ITU601,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG if is_limited else ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        return _apply(steps, picture) if steps else picture

    return convert


def _apply(steps: tuple[tuple[str, str], ...], picture: VideoFrame) -> VideoFrame:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        time_base=Fraction(1, 1000),
    )
    nodes: list[Any] = [source]
    nodes += [graph.add(name, arguments or None) for name, arguments in steps]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    graph.push(picture)
    return graph.pull()  # type: ignore[return-value]


def _add_stream(output: Any, picture: VideoFrame, time_base: Fraction) -> Any:
    stream = output.add_stream("libx264", rate=_RATE, options=dict(ENCODER))
    stream.width, stream.height = picture.width, picture.height
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = ColorRange.MPEG
    context.time_base = time_base
    context.thread_count = 1
    return stream


class _Output:
    """Adapts the sandbox to PyAV's output interface."""

    name = "piece.nut"

    def __init__(self, sandbox_io: SandboxIO) -> None:
        self._sandbox_io = sandbox_io

    def write(self, data: bytes) -> int:
        return self._sandbox_io.write(bytes(data))
