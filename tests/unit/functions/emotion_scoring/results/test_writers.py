"""Tests of the result files: emotions.json, .csv and .vtt, the chart and the thumbnails."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.faces.face import Box, Face
from functions.emotion_scoring.results.chart import render_timeline_chart
from functions.emotion_scoring.results.chart_text import WIDTH_PX, Legend
from functions.emotion_scoring.results.series import Series
from functions.emotion_scoring.results.summary import Summary
from functions.emotion_scoring.results.thumbnails import render_thumbnail
from functions.emotion_scoring.results.timeline import Moment, build_timeline
from functions.emotion_scoring.results.writers import (
    NOTE,
    SCHEMA,
    CsvWriter,
    FrameTimes,
    JsonWriter,
    VttWriter,
    describe_thresholds,
)
from functions.emotion_scoring.scores import ScoredFrame
from tests.fixtures.media.faces import EMOTIONS, make_face, make_scored_frame

EVERY = Fraction(1, 3)
TINY = Face(Box(-3, 5, 12, 15), 0.55, 3.0, "too_small", None)
FRAMES = [
    make_scored_frame(0, make_face(100, happy=0.9), make_face(400, sad=0.8), every=EVERY),
    make_scored_frame(1, every=EVERY),
    make_scored_frame(2, make_face(100, happy=0.5, sad=0.45), TINY, every=EVERY),
]
README = Path(__file__).parents[5] / "functions" / "emotion_scoring" / "README.md"


def _json(frames: Sequence[ScoredFrame]) -> dict[str, Any]:
    out = io.BytesIO()
    header = {
        "title": "Ünïcode",
        "classes": list(EMOTIONS),
        "thresholds": describe_thresholds(smooth=True),
    }
    result = JsonWriter(out, header, FrameTimes(Fraction(0)))
    summary = Summary(EMOTIONS, EVERY)
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS):
        result.add(moment)
        summary.add(moment)
    rows = [
        {**peak.to_dict(), "thumbnail": "moment_1_happy.jpg"} for peak in summary.select_peaks()
    ]
    result.close({"summary": summary.to_dict(), "moments": rows})
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def _table(frames: Sequence[ScoredFrame]) -> list[dict[str, str]]:
    out = io.BytesIO()
    table = CsvWriter(out, EMOTIONS, FrameTimes(Fraction(0)))
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS, smooth=False):
        table.add(moment)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode("ascii"))))


def _cues(frames: Sequence[ScoredFrame]) -> str:
    out = io.BytesIO()
    cues = VttWriter(out, EVERY)
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS):
        cues.add(moment)
    return out.getvalue().decode()


def test_json_lists_the_faces_of_every_frame() -> None:
    document = _json(FRAMES)
    assert (document["schema"], document["note"]) == (SCHEMA, NOTE)
    assert document["title"] == "Ünïcode"
    first, empty, last = document["frames"]
    assert [face["face_id"] for face in first["faces"]] == [1, 2]
    assert first["faces"][0]["box"] == [100, 100, 80, 80]
    assert first["faces"][0]["dominant"] == "happy"
    assert sum(first["faces"][0]["emotions"].values()) == pytest.approx(1, abs=1e-3)
    assert (empty["no_face"], empty["faces"]) == (True, [])
    assert (last["time"], last["time_s"]) == ("2/3", pytest.approx(0.666667))
    tiny = next(face for face in last["faces"] if face["quality"] == "too_small")
    assert tiny["emotions"] is None
    assert tiny["dominant"] is None
    assert document["summary"]["frames_without_face"] == 1


def test_json_without_frames_is_valid() -> None:
    assert _json([])["frames"] == []


def test_csv_has_a_row_per_face_and_one_for_a_frame_without_faces() -> None:
    rows = _table(FRAMES)
    assert [row["number"] for row in rows] == ["1", "1", "2", "3", "3"]
    no_face = rows[2]
    assert no_face["dominant"] == "no_face"
    assert {no_face[name] for name in ("face_id", "x", "happy", "quality")} == {""}
    assert rows[0]["happy"] == "0.9"
    assert (rows[3]["dominant"], rows[3]["uncertain"]) == ("happy", "yes")
    assert all(len(row) == 16 + len(EMOTIONS) and None not in row for row in rows)


def test_csv_cells_are_numbers_or_names() -> None:
    number = re.compile(r"-?\d+(\.\d+)?")
    for row in _table(FRAMES):
        for cell in row.values():
            assert not cell or number.fullmatch(cell) or cell[0].isalpha(), cell


def test_vtt_cues_are_contiguous_and_contain_json() -> None:
    blocks = _cues(FRAMES).strip().split("\n\n")
    assert blocks[0] == "WEBVTT"
    times, texts = zip(*(block.split("\n") for block in blocks[2:]), strict=True)
    assert times == (
        "00:00:00.000 --> 00:00:00.333",
        "00:00:00.333 --> 00:00:00.667",
        "00:00:00.667 --> 00:00:01.000",
    )
    cues = [json.loads(text) for text in texts]
    assert [len(cue["faces"]) for cue in cues] == [2, 0, 2]
    assert cues[0]["faces"][0]["box"] == pytest.approx(
        [100 / 640, 100 / 360, 0.125, 80 / 360], 1e-3
    )


def test_readme_describes_every_field() -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            inner = [names(item) for key, item in value.items() if key not in ("emotions",)]
            return {key for key in value if key not in EMOTIONS}.union(*inner)
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    described = README.read_text()
    missing = {name for name in names(_json(FRAMES)) if f"`{name}`" not in described}
    columns = {name for name in _table(FRAMES)[0] if name not in EMOTIONS}
    missing |= {name for name in columns if f"`{name}`" not in described}
    assert missing <= {"ok", "too_small"}


def _chart(frames: Sequence[ScoredFrame], title: str = "A title") -> Any:
    series, summary = Series(), Summary(EMOTIONS, EVERY)
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS):
        series.add(moment)
        summary.add(moment)
    legend = Legend(title, "3 frames", NOTE, summary.to_dict()["share"])
    data = render_timeline_chart(
        series, EMOTIONS, summary.select_peaks(), legend, start=Fraction(2), every=EVERY
    )
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def test_chart_fills_the_panel_with_the_dominant_colour() -> None:
    image = _chart(
        [make_scored_frame(k, make_face(100, happy=0.98, sad=0.02), every=EVERY) for k in range(30)]
    )
    assert image.shape[1] == WIDTH_PX
    yellow = (np.abs(image.astype(int) - [50, 178, 244]).sum(axis=2) < 12).sum()
    assert yellow > 0.25 * image.shape[0] * image.shape[1]


@pytest.mark.parametrize("frames", [0, 1, 3000])
@pytest.mark.parametrize("title", ["", "x" * 300, "شريط \u202e 电影 🎬"])
def test_chart_accepts_any_length_and_title(frames: int, title: str) -> None:
    image = _chart(
        [make_scored_frame(k, make_face(100, sad=1), every=EVERY) for k in range(frames)], title
    )
    assert image.shape[1] == WIDTH_PX


@pytest.mark.parametrize(
    "title",
    ["Café 🎬 日本 – söndag", "فيلم 👨‍👩‍👧‍👦"],
)
def test_chart_shows_every_part_of_its_title(title: str) -> None:
    complete = _chart([], title)[40:110].astype(int)
    words = title.split()
    for n, word in enumerate(words):
        other = _chart([], " ".join([*words[:n], *words[n + 1 :]]))[40:110]
        assert (np.abs(other - complete).max(axis=2) > 90).sum() > 100, word


def test_chart_without_faces_has_a_notice() -> None:
    empty = _chart([make_scored_frame(k, every=EVERY) for k in range(10)])
    assert empty[300:500].std() > 1


def test_thumbnail_is_small_and_marks_the_face() -> None:
    picture = np.full((1080, 1920, 3), 128, np.uint8)
    small = cv2.imdecode(
        np.frombuffer(render_thumbnail(picture, Box(600, 300, 300, 300), (244, 178, 50)), np.uint8),
        cv2.IMREAD_COLOR,
    )
    assert small is not None
    assert small.shape == (360, 640, 3)
    assert small[101, 250].tolist() != [128, 128, 128]
    assert abs(int(small[300, 600, 0]) - 128) < 3


def test_words_of_each_frame_are_in_all_files_of_a_job_with_a_transcript() -> None:
    texts = iter(["Grüße, everyone", "", "=1+1"] * 3)
    json_file, table_file, cue_file = io.BytesIO(), io.BytesIO(), io.BytesIO()
    words = {moment.frame.stamp.k: next(texts) for moment in _moments()}

    def find_words(moment: Moment) -> str:
        return words[moment.frame.stamp.k]

    times = FrameTimes(Fraction(0))
    document = JsonWriter(json_file, {"classes": list(EMOTIONS)}, times, find_words)
    table = CsvWriter(table_file, EMOTIONS, times, find_words)
    cues = VttWriter(cue_file, EVERY, find_words)
    for moment in _moments():
        for writer in (document, table, cues):
            writer.add(moment)
    document.close({"summary": {}})
    frames = json.loads(json_file.getvalue())["frames"]
    assert [frame["words"] for frame in frames] == ["Grüße, everyone", "", "=1+1"]
    rows = list(csv.DictReader(io.StringIO(table_file.getvalue().decode())))
    # A spreadsheet must not read words as a formula.
    assert [row["words"] for row in rows] == [
        "Grüße, everyone", "Grüße, everyone", "", "'=1+1", "'=1+1",
    ]  # fmt: skip
    assert json.loads(cue_file.getvalue().decode().split("\n")[5])["words"] == "Grüße, everyone"


def _moments() -> list[Moment]:
    return list(build_timeline(((0, frame) for frame in FRAMES), EMOTIONS))
