"""annotated.mp4: the pieces' pictures and the source's sound, packets copied, playable at once.

A player wants the index (moov) before the data (mdat), but the index is known last. So the file is
put together twice: the first time only its index is kept, the second time only its data is written,
behind that index. Neither is ever held in memory as a whole.
"""

from __future__ import annotations

import heapq
import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from functools import partial
from typing import Any

import av
from av.stream import Discard

from functions.emotion_scoring.scores import Sink
from functions.emotion_scoring.video.annotate import PIECE_FORMAT, TIME_BASE
from shared.media.containers.demux import open_container, open_with_demuxers, raise_if_read_failed
from shared.media.containers.packets import next_packet
from shared.media.containers.range_file import RangeFile
from shared.recipes.media_info import MediaInfo

MP4_AUDIO_CODECS = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac", "flac"})
"""What an MP4 may carry and players know."""
_LAST_MOST_S = 10
"""A file that tells of a longer last picture than this is not believed."""
_HEAD_BYTES = 4096
"""More than what stands before the data."""
_MAX32 = 0xFFFFFFFF
_PARENTS = (b"trak", b"mdia", b"minf", b"stbl")
OpenFile = Callable[[], RangeFile]


class FilmTooLarge(ValueError):
    """The index cannot say where so much data lies."""


def find_audio_codec(media_info: MediaInfo) -> str | None:
    """The codec of the sound that is copied, None when there is none that an MP4 may carry."""
    codec = media_info.audio_codecs[0] if media_info.audio_codecs else None
    return codec if codec in MP4_AUDIO_CODECS else None


def write_film(
    pieces: Sequence[OpenFile],
    source: OpenFile | None,
    media_info: MediaInfo,
    sink: Sink,
    check: Callable[[], None],
) -> None:
    """Write the film to `sink`. `pieces` in their order, at least one with a picture; `source` for
    its sound, None for a silent film. `check` is asked often and raises to stop."""
    index = _Index()
    _mux(pieces, source, media_info, index, check)
    before, moov = index.parts()
    sink.write(before[: index.first_box_bytes] + moov + before[index.first_box_bytes :])
    data = _Data(sink, len(before), index.data_end)
    _mux(pieces, source, media_info, data, check)
    if not data.complete:
        raise ValueError("the film came out differently the second time")


def _mux(
    pieces: Sequence[OpenFile],
    source: OpenFile | None,
    media_info: MediaInfo,
    target: _Index | _Data,
    check: Callable[[], None],
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(_piece(pieces[0]()))
        out = stack.enter_context(av.open(target, "w", format="mp4"))
        pictures: Any = out.add_stream_from_template(first.streams.video[0])
        pictures.time_base = TIME_BASE
        streams = [_pictures(pieces, media_info, pictures)]
        if source is not None:
            file = source()
            container = stack.enter_context(open_container(file))
            streams.append(_sound(container, file, media_info, out))
        for _, _, packet in heapq.merge(*streams, key=lambda one: one[:2]):
            check()
            out.mux(packet)
        target.ending()


def _piece(file: RangeFile) -> Any:
    return open_with_demuxers(file, (PIECE_FORMAT,))


_Timed = tuple[Fraction, int, Any]


def _pictures(pieces: Sequence[OpenFile], media_info: MediaInfo, stream: Any) -> Iterator[_Timed]:
    """Every piece's packets; a picture lasts until the next one."""
    length = round(media_info.frame_ticks * media_info.video.time_base / TIME_BASE)
    waiting: Any = None
    for one in pieces:
        file = one()
        with _piece(file) as container:
            if not container.streams.video:
                continue
            for packet in container.demux(video=0):
                if not packet.size:
                    continue
                if waiting is not None:
                    length = packet.pts - waiting.pts
                    yield _placed(waiting, length, stream)
                waiting = packet
            raise_if_read_failed(file)
    if waiting is not None:
        yield _placed(waiting, _last_length(waiting.pts, length, media_info), stream)


def _last_length(pts: int, length: int, media_info: MediaInfo) -> int:
    """How long the last picture is shown: up to the end that the file tells, if that can be."""
    if media_info.duration is None:
        return length
    left = round(media_info.duration / TIME_BASE) - pts
    return left if 0 < left <= _LAST_MOST_S / TIME_BASE else length


def _placed(packet: Any, length: int, stream: Any) -> _Timed:
    packet.duration, packet.stream = length, stream
    return packet.dts * TIME_BASE, 0, packet


def _sound(container: Any, file: RangeFile, media_info: MediaInfo, out: Any) -> Iterator[_Timed]:
    """The source's sound; its times are counted from the first picture, as those of pictures."""
    chosen = container.streams.audio[0]
    for other in container.streams:
        if other.index != chosen.index:
            other.discard = Discard.all
    stream = out.add_stream_from_template(chosen)
    base: Fraction = chosen.time_base
    shift = round(media_info.first_pts.seconds / base)

    def packets() -> Iterator[_Timed]:
        last = -1
        for packet in iter(partial(next_packet, container.demux(chosen)), None):
            if not packet.size or packet.pts is None or packet.pts - shift <= last:
                continue
            last = packet.pts - shift
            packet.pts = packet.dts = last
            packet.stream = stream
            yield last * base, 1, packet
        raise_if_read_failed(file)

    return packets()


class _Index:
    """Takes a film and keeps only what stands before and behind its data."""

    name = "index.mp4"

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._tail_at: int | None = None
        self._at = self._end = 0
        self._ending = False
        self.first_box_bytes = 0
        self.data_end = 0

    def write(self, data: bytes) -> int:
        if self._at < _HEAD_BYTES:
            self._put(self._head, self._at, bytes(data[: _HEAD_BYTES - self._at]))
        if self._ending and (self._tail_at is None or self._at >= self._tail_at):
            self._tail_at = self._at if self._tail_at is None else self._tail_at
            self._put(self._tail, self._at - self._tail_at, bytes(data))
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def ending(self) -> None:
        """From here on the index is written."""
        self._ending = True

    def parts(self) -> tuple[bytes, bytes]:
        """What stands before the data, and the index for a film in which it follows `ftyp`."""
        start = mdat = 0
        while True:
            size, kind = struct.unpack_from(">I4s", self._head, mdat)
            header = 8
            if kind == b"ftyp":
                self.first_box_bytes = start = size
            if size == 1:
                (size,), header = struct.unpack_from(">Q", self._head, mdat + 8), 16
            if kind == b"mdat":
                break
            mdat += size
        self.data_end = mdat + size
        moov = bytes(self._tail[self.data_end - (self._tail_at or 0) :])
        (length,) = struct.unpack_from(">I", moov, 0)
        if moov[4:8] != b"moov" or start == 0:
            raise ValueError("the film has no index")
        return bytes(self._head[: mdat + header]), _moved(moov[:length], length)

    @staticmethod
    def _put(into: bytearray, at: int, data: bytes) -> None:
        if len(into) < at + len(data):
            into.extend(bytes(at + len(data) - len(into)))
        into[at : at + len(data)] = data


class _Data:
    """Takes the same film once more and passes on its data alone."""

    name = "data.mp4"

    def __init__(self, sink: Sink, begin: int, end: int) -> None:
        self._sink = sink
        self._begin, self._end = begin, end
        self._at = self._passed = 0

    @property
    def complete(self) -> bool:
        """Whether all of the data was passed on."""
        return self._passed == self._end - self._begin

    def write(self, data: bytes) -> int:
        low, high = max(self._at, self._begin), min(self._at + len(data), self._end)
        # What is written a second time, when lengths are set right, lies before the data.
        if high > low and low == self._begin + self._passed:
            self._sink.write(bytes(data[low - self._at : high - self._at]))
            self._passed += high - low
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def ending(self) -> None:
        """The rest is an index that stands at the beginning already."""


def _moved(moov: bytes, by: int) -> bytes:
    """The index for data that lies so many bytes later (ISO/IEC 14496-12 §8.7.5)."""
    out = bytearray(moov)

    def walk(at: int, end: int) -> None:
        while at + 8 <= end:
            size, kind = struct.unpack_from(">I4s", out, at)
            if kind in _PARENTS:
                walk(at + 8, at + size)
            elif kind in (b"stco", b"co64"):
                wide = kind == b"co64"
                (count,) = struct.unpack_from(">I", out, at + 12)
                form = f">{count}{'Q' if wide else 'I'}"
                offsets = [one + by for one in struct.unpack_from(form, out, at + 16)]
                if not wide and offsets and max(offsets) > _MAX32:
                    raise FilmTooLarge
                struct.pack_into(form, out, at + 16, *offsets)
            at += max(8, size)

    walk(8, len(out))
    return bytes(out)
