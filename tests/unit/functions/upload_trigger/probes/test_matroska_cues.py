"""The packets of a Matroska are read for its timeline unless its list of keyframes is enough."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from itertools import accumulate

import pytest

from functions.upload_trigger.probes.timelines import open_timeline
from functions.upload_trigger.probes.timelines.matroska_cues import MAX_STEP_S, find_steady_start
from functions.upload_trigger.probes.video import probe
from tests.fixtures.media.clip_specs import CLIP_SPECS

EBML, SEGMENT, SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES = (
    0x1A45DFA3, 0x18538067, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1C53BB6B,
)  # fmt: skip
TIMES_S = (0, 2, 4)


def _element(kind: int, *parts: bytes, size: bytes | None = None) -> bytes:
    payload = b"".join(parts)
    stated = b"\x08" + len(payload).to_bytes(4, "big") if size is None else size
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + stated + payload


def _number(kind: int, value: int) -> bytes:
    return _element(kind, value.to_bytes(8, "big"))


def matroska(
    times_s: tuple[int, ...] = TIMES_S,
    *,
    clusters: tuple[int, ...] | None = None,
    duration_s: float = 6.0,
    codec: bytes = b"V_VP9",
    cue_track: int = 1,
    segment_size: bytes | None = None,
    has_cues: bool = True,
) -> bytes:
    """The elements of a Matroska without pictures; its list of keyframes is at the end."""
    info = _element(INFO, _element(0x4489, struct.pack(">d", duration_s * 1000)))
    track = _element(0xAE, _number(0xD7, 1), _element(0x86, codec))
    cluster = _element(CLUSTER, _number(0xE7, 0), bytes(100))
    points = [
        _element(
            0xBB,
            _number(0xB3, 1000 * time_s),
            _element(0xB7, _number(0xF7, cue_track), _number(0xF1, position)),
        )
        for time_s, position in zip(times_s, clusters or accumulate(times_s), strict=True)
    ]
    after = [info, _element(TRACKS, track), cluster]

    def seek_head(position: int) -> bytes:
        seek = _element(0x4DBB, _number(0x53AB, CUES), _number(0x53AC, position))
        return _element(SEEK_HEAD, seek)

    before = [seek_head(len(seek_head(0)) + sum(map(len, after))), *after]
    cues = [_element(CUES, *points)] if has_cues else []
    return _element(EBML, bytes(8)) + _element(SEGMENT, *before, *cues, size=segment_size)


def _find(data: bytes) -> Fraction | None:
    return find_steady_start(io.BytesIO(data), len(data), 0)


@pytest.mark.parametrize("times_s", [TIMES_S, (7, 7, 7 + MAX_STEP_S), (3,)])
def test_steady_times_are_recognized(times_s: tuple[int, ...]) -> None:
    assert _find(matroska(times_s, duration_s=times_s[-1] + 1)) == times_s[0]


@pytest.mark.parametrize(
    "data",
    [
        matroska((0, 4, 2)),
        matroska((0, 2, 3 + MAX_STEP_S), duration_s=3 + MAX_STEP_S),
        matroska(duration_s=5 + MAX_STEP_S),
        matroska(duration_s=3),
        matroska(duration_s=float("nan")),
        matroska(clusters=(50, 40, 60)),
        matroska(cue_track=2),
        matroska(codec=b"V_MS/VFW/FOURCC"),
        matroska(()),
        matroska(has_cues=False),
        matroska(segment_size=b"\x01" + b"\xff" * 7),
        matroska(segment_size=b"\x08\x00\x01\x00\x00"),
        matroska()[:-1],
        matroska() + b"\0",
        matroska() + matroska(),
        matroska()[:40],
        b"",
    ],
)
def test_packets_are_read_when_anything_is_unusual(data: bytes) -> None:
    assert _find(data) is None


def test_position_in_the_file_is_kept() -> None:
    file = io.BytesIO(matroska())
    file.seek(17)
    find_steady_start(file, len(matroska()), 0)
    assert file.tell() == 17


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["webm", "matroska", "matroska-later"])
def test_list_of_keyframes_gives_what_the_packets_give(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data = CLIP_SPECS[kind].encode().path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(open_timeline, "read_timeline", lambda *_: pytest.fail("read the packets"))
        by_list = probe(io.BytesIO(data), len(data))
    monkeypatch.setattr(open_timeline, "find_steady_start", lambda *_: None)
    assert probe(io.BytesIO(data), len(data)) == by_list
