"""Segments: a camera's packets as they came, in objects that appear when they close.

The pictures of a segment are one object and nothing but packets, which players know by their
codec's name; its sound is another. The third is the index: a line of JSON about the tracks, then a
row a packet. `recordings/{recording}/segments/{segment}` says that all three are there, and where.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from functions.recorder.packets import DIGEST_BYTES, SOUND, VIDEO, Packet, Track
from shared.cameras.recording import recording_path, segments_prefix
from shared.flows.documents import Create, Doc
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore, ObjectWriter
from shared.recipes.stored_object import StoredObject

INDEX_ROW = struct.Struct(f">BBqdI{DIGEST_BYTES}s")
"""Track, key (0 or 1), pts in ticks, arrival in seconds since 1970, bytes, digest."""
INDEX_CONTENT_TYPE = "application/x-moodreel-index"
_CONTENT_TYPES = {
    "h264": "video/H264", "hevc": "video/H265", "mjpeg": "video/x-motion-jpeg",
    "aac": "audio/aac", "pcm_alaw": "audio/PCMA", "pcm_mulaw": "audio/PCMU",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A packet as the index knows it."""

    track: int
    is_keyframe: bool
    pts: int
    arrived_at: float
    size_bytes: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """One connection of one worker: within it no packet is missing and one clock holds. Segments
    are numbered through it."""

    epoch: int
    token: str
    connection: int

    def segment_id(self, number: int) -> str:
        """The id of a segment."""
        return f"{self.epoch:06d}-{self.token}-{self.connection:04d}-{number:05d}"


class SegmentWriter:
    """A segment in the making. Unless it is closed nothing of it appears."""

    def __init__(
        self,
        objects: ObjectStore,
        recording: str,
        owner: str,
        key: ConnectionKey,
        number: int,
        tracks: tuple[Track, ...],
    ) -> None:
        self._objects = objects
        self._recording = recording
        self._owner = owner
        self._key = key
        self._number = number
        self._tracks = tracks
        self._id = key.segment_id(number)
        self._rows = bytearray()
        self._sound = bytearray()
        self._stack = ExitStack()
        self._video = self._stack.enter_context(self._create(tracks[VIDEO]))
        self.started_at: float | None = None
        self.size_bytes = 0

    def add(self, packet: Packet) -> None:
        """Keep a packet. Raises StorageUnavailable."""
        self.started_at = packet.arrived_at if self.started_at is None else self.started_at
        self.size_bytes += len(packet.data)
        row = (packet.track, packet.is_keyframe, packet.pts, packet.arrived_at, len(packet.data))
        self._rows += INDEX_ROW.pack(*row, packet.digest)
        if packet.track == VIDEO:
            self._video.write(packet.data)
        else:
            self._sound += packet.data

    def close(self) -> Create:
        """Let the objects appear; → the write that says so. Raises StorageUnavailable."""
        self._stack.close()
        written = {"video": self._video.stored_object}
        if self._sound:
            written["sound"] = self._whole(self._create(self._tracks[SOUND]), bytes(self._sound))
        head = json.dumps([_track_told(one) for one in self._tracks]).encode() + b"\n"
        name = f"{segments_prefix(self._recording)}{self._id}.index"
        index = self._objects.create(
            Bucket.WORK, name, content_type=INDEX_CONTENT_TYPE, spec=self._id
        )
        written["index"] = self._whole(index, head + bytes(self._rows))
        return Create(
            segment_path(self._recording, self._id),
            {
                "owner": self._owner,
                "epoch": self._key.epoch,
                "token": self._key.token,
                "connection": self._key.connection,
                "number": self._number,
                "objects": {
                    kind: [one.name, one.generation, one.size_bytes]
                    for kind, one in written.items()
                },
            },
        )

    def abort(self) -> None:
        """Nothing appears."""
        self._stack.__exit__(_Abandoned, _Abandoned(), None)

    def _create(self, track: Track) -> Any:
        name = f"{segments_prefix(self._recording)}{self._id}.{track.codec}"
        kind = _CONTENT_TYPES[track.codec]
        return self._objects.create(Bucket.WORK, name, content_type=kind, spec=self._id)

    def _whole(self, creating: Any, data: bytes) -> StoredObject:
        writer: ObjectWriter
        with creating as writer:
            writer.write(data)
        return writer.stored_object


class _Abandoned(Exception):
    """A segment is not wanted."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment that is written. `sound` is None without any."""

    key: ConnectionKey
    number: int
    video: StoredObject
    sound: StoredObject | None
    index: StoredObject

    @classmethod
    def from_doc(cls, doc: Doc) -> Segment:
        """Parse its document."""
        data = doc.data
        places: Mapping[str, Any] = data["objects"]
        return cls(
            ConnectionKey(data["epoch"], data["token"], data["connection"]),
            data["number"],
            _work_object(*places["video"]),
            _work_object(*places["sound"]) if "sound" in places else None,
            _work_object(*places["index"]),
        )

    @property
    def objects(self) -> Iterator[StoredObject]:
        """Its objects."""
        yield self.video
        if self.sound is not None:
            yield self.sound
        yield self.index


def _work_object(name: str, generation: int, size_bytes: int) -> StoredObject:
    return StoredObject(Bucket.WORK, name, generation, size_bytes)


def segments_path(recording_id: str) -> str:
    """recordings/{recording}/segments"""
    return f"{recording_path(recording_id)}/segments"


def segment_path(recording_id: str, segment_id: str) -> str:
    """The document of one."""
    return f"{segments_path(recording_id)}/{segment_id}"


def read_index(data: bytes) -> tuple[tuple[Track, ...], list[IndexRow]]:
    """Back from an index. Raises ValueError for what is none."""
    head, _, rows = data.partition(b"\n")
    tracks = tuple(Track(**{**one, "time_base": Fraction(one["time_base"])}) for one in
                   json.loads(head))  # fmt: skip
    if len(rows) % INDEX_ROW.size:
        raise ValueError("The index is cut off.")
    return tracks, [
        IndexRow(track, bool(key), pts, arrived, size, digest)
        for track, key, pts, arrived, size, digest in INDEX_ROW.iter_unpack(rows)
    ]


def _track_told(track: Track) -> dict[str, Any]:
    told = {name: getattr(track, name) for name in track.__slots__}
    return {**told, "time_base": str(track.time_base)}
