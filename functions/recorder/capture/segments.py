"""Segments: a camera's packets as they arrived, in objects that become visible when they close.

The pictures of a segment are one object that contains only packets, so that players can play it;
its sound is another. The third object is the index: a line of JSON with the tracks, then one row
for each packet. The document `recordings/{recording}/segments/{segment}` names all three; a segment
counts once it exists.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from functions.recorder.packets import DIGEST_BYTES, SOUND, VIDEO, Packet, Track
from shared.cameras.recording import recording_path, segments_prefix
from shared.flows.documents import Create, Doc
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore, ObjectWriter
from shared.recipes.stored_object import StoredObject

INDEX_ROW = struct.Struct(f">BBqdI{DIGEST_BYTES}s")
"""Track, keyframe (0 or 1), pts in ticks, arrival in seconds since 1970, bytes, digest."""
INDEX_DTYPE = np.dtype(
    [
        ("track", "u1"), ("is_keyframe", "u1"), ("pts", ">i8"), ("arrived_at", ">f8"),
        ("size_bytes", ">u4"), ("digest", ">u8"),
    ]
)  # fmt: skip
"""INDEX_ROW for arrays: four hours have more than a million packets, too many for objects."""
INDEX_CONTENT_TYPE = "application/x-moodreel-index"
_CONTENT_TYPES = {
    "h264": "video/H264", "hevc": "video/H265", "mjpeg": "video/x-motion-jpeg",
    "aac": "audio/aac", "pcm_alaw": "audio/PCMA", "pcm_mulaw": "audio/PCMU",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """Identifies one connection of one worker. Within it all times use one clock. Its segments are
    numbered from 0; where a number is missing, packets are."""

    epoch: int
    token: str
    connection: int

    def segment_id(self, number: int) -> str:
        """Returns the id of a segment."""
        return f"{self.epoch:06d}-{self.token}-{self.connection:04d}-{number:05d}"


class SegmentWriter:
    """An open segment. None of its objects becomes visible before `close`."""

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
        """Appends a packet. Raises StorageUnavailable."""
        self.started_at = packet.arrived_at if self.started_at is None else self.started_at
        self.size_bytes += len(packet.data)
        row = (packet.track, packet.is_keyframe, packet.pts, packet.arrived_at, len(packet.data))
        self._rows += INDEX_ROW.pack(*row, packet.digest)
        if packet.track == VIDEO:
            self._video.write(packet.data)
        else:
            self._sound += packet.data

    def close(self) -> Create:
        """Finishes the objects. Returns the write of the segment's document. Raises
        StorageUnavailable."""
        self._stack.close()
        stored_objects = {"video": self._video.stored_object}
        if self._sound:
            stored_objects["sound"] = self._write_object(
                self._create(self._tracks[SOUND]), bytes(self._sound)
            )
        head = json.dumps([_track_to_dict(track) for track in self._tracks]).encode() + b"\n"
        name = f"{segments_prefix(self._recording)}{self._id}.index"
        index = self._objects.create(
            Bucket.WORK, name, content_type=INDEX_CONTENT_TYPE, spec=self._id
        )
        stored_objects["index"] = self._write_object(index, head + bytes(self._rows))
        return Create(
            segment_path(self._recording, self._id),
            {
                "owner": self._owner,
                "epoch": self._key.epoch,
                "token": self._key.token,
                "connection": self._key.connection,
                "number": self._number,
                "objects": {
                    kind: [stored.name, stored.generation, stored.size_bytes]
                    for kind, stored in stored_objects.items()
                },
            },
        )

    def abort(self) -> None:
        """Discards the segment."""
        self._stack.__exit__(_SegmentAborted, _SegmentAborted(), None)

    def _create(self, track: Track) -> Any:
        name = f"{segments_prefix(self._recording)}{self._id}.{track.codec}"
        content_type = _CONTENT_TYPES[track.codec]
        return self._objects.create(Bucket.WORK, name, content_type=content_type, spec=self._id)

    def _write_object(self, create: Any, data: bytes) -> StoredObject:
        writer: ObjectWriter
        with create as writer:
            writer.write(data)
        return writer.stored_object


class _SegmentAborted(Exception):
    """Makes the object writers discard their data."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A written segment. `sound` is None when it has none."""

    key: ConnectionKey
    number: int
    video: StoredObject
    sound: StoredObject | None
    index: StoredObject

    @classmethod
    def from_doc(cls, doc: Doc) -> Segment:
        """Parses a segment's document."""
        data = doc.data
        objects: Mapping[str, Any] = data["objects"]
        return cls(
            ConnectionKey(data["epoch"], data["token"], data["connection"]),
            data["number"],
            _work_object(*objects["video"]),
            _work_object(*objects["sound"]) if "sound" in objects else None,
            _work_object(*objects["index"]),
        )

    @property
    def objects(self) -> Iterator[StoredObject]:
        """Yields the segment's objects."""
        yield self.video
        if self.sound is not None:
            yield self.sound
        yield self.index


def _work_object(name: str, generation: int, size_bytes: int) -> StoredObject:
    return StoredObject(Bucket.WORK, name, generation, size_bytes)


def segments_path(recording_id: str) -> str:
    """Returns `recordings/{recording}/segments`."""
    return f"{recording_path(recording_id)}/segments"


def segment_path(recording_id: str, segment_id: str) -> str:
    """Returns the path of a segment's document."""
    return f"{segments_path(recording_id)}/{segment_id}"


def read_index(data: bytes) -> tuple[tuple[Track, ...], np.ndarray]:
    """Parses an index into tracks and rows of INDEX_DTYPE. Raises ValueError for invalid data."""
    head, _, rows = data.partition(b"\n")
    tracks = tuple(
        Track(**{**track, "time_base": Fraction(track["time_base"])}) for track in json.loads(head)
    )
    if len(rows) % INDEX_ROW.size:
        raise ValueError("The index is cut off.")
    return tracks, np.frombuffer(rows, INDEX_DTYPE)


def _track_to_dict(track: Track) -> dict[str, Any]:
    fields = {name: getattr(track, name) for name in track.__slots__}
    return {**fields, "time_base": str(track.time_base)}
