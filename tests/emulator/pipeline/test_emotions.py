"""The recipe `emotions` over the running suite, with videos of real faces."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from infra.local.client.api_client import ApiError
from infra.local.suite.handle import SuiteHandle
from shared.media.images.frame import BgrImage
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import display_matrix, undo_rotation
from tests.fixtures.media.faces import (
    SAD_TO_HAPPY_VIDEO,
    load_golden_values,
    needs_models,
    read_picture,
)
from tests.fixtures.suite.emotions_job import EMOTIONS_OPTIONS, EmotionsResult, run_emotions_job
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite


def _write_still_video(
    path: Path, image: BgrImage, *, rotation: int = 0, duration_s: int = 2
) -> Path:
    """Writes a video of one picture. `rotation` is in degrees, and is stored as metadata only, as
    phones do."""
    coded = np.ascontiguousarray(undo_rotation(image, rotation, False))
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=5, options={"crf": "12", "preset": "veryfast"})
        stream.height, stream.width = coded.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 5)
        if rotation:
            stream.set_display_matrix(display_matrix(rotation, False))
        for n in range(5 * duration_s):
            frame = av.VideoFrame.from_ndarray(coded, format="bgr24")
            frame.pts, frame.time_base = n, Fraction(1, 5)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _center_on_grey(image: BgrImage, width: int, height: int) -> BgrImage:
    """Returns a grey picture with the given one in its middle."""
    canvas = np.full((height, width, 3), 90, np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def _resize(image: BgrImage, width: int, height: int) -> BgrImage:
    interpolation = cv2.INTER_AREA
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


@pytest.fixture(scope="module")
def results(
    suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, EmotionsResult]]:
    """Results of all kinds of videos, as parallel jobs of one user."""
    folder = tmp_path_factory.mktemp("emotions")
    portrait, group = read_picture("astronaut.png"), read_picture("solvay1927.jpg")
    grey = cv2.cvtColor(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    clips = {
        "woman": SAD_TO_HAPPY_VIDEO,
        "group": _write_still_video(folder / "group.mp4", group),
        "grey": _write_still_video(folder / "grey.mp4", np.asarray(grey, np.uint8)),
        "tiny": _write_still_video(
            folder / "tiny.mp4", _center_on_grey(_resize(portrait, 80, 80), 640, 360)
        ),
        "turned": _write_still_video(
            folder / "turned.mp4", _center_on_grey(portrait, 540, 960), rotation=90
        ),
        "nobody": CLIP_SPECS["cfr30"].encode().path,
    }
    client = suite.client()
    with ThreadPoolExecutor(3) as pool:
        futures = {
            kind: pool.submit(run_emotions_job, suite, client, clip, folder, every="0.5")
            for kind, clip in clips.items()
        }
        yield {kind: future.result() for kind, future in futures.items()}


@needs_models
def test_emotions_change_from_sad_to_happy(results: dict[str, EmotionsResult]) -> None:
    dominant = {frame["time_s"]: frame["faces"][0]["dominant"] for frame in results["woman"].frames}
    assert {dominant[k / 2] for k in range(12)} == {"sad"}
    assert {dominant[k / 2] for k in range(21, 40)} == {"happy"}
    assert {face["face_id"] for frame in results["woman"].frames for face in frame["faces"]} == {1}
    summary = results["woman"].document["summary"]
    assert summary["share"]["happy"] + summary["share"]["sad"] > 0.75
    assert [moment["emotion"] for moment in results["woman"].document["moments"]][-1] == "happy"


@needs_models
def test_result_files_agree(results: dict[str, EmotionsResult]) -> None:
    for kind, result in results.items():
        faces = sum(max(1, len(frame["faces"])) for frame in result.frames)
        assert len(result.rows) == faces, kind
        assert result.cues.count(" --> ") == len(result.frames), kind
        assert result.chart.shape[1] == 1600
        assert "does not say what a person feels" in result.document["note"]
        assert result.document["purpose"] == "research"
        assert result.document["models"][0]["classifier"]["name"] == "xception-pair-fer2013"
        assert result.job["warnings"] == []


@needs_models
def test_29_people_are_distinguished(results: dict[str, EmotionsResult]) -> None:
    frames = results["group"].frames
    expected = load_golden_values()["images"]["media/solvay1927.jpg"]
    assert len(frames) == 4
    for frame in frames:
        assert {face["face_id"] for face in frame["faces"]} == set(range(1, 30))
        boxes = [face["box"] for face in frame["faces"]]
        for face in expected["faces"]:
            assert any(box == pytest.approx(face["box"], abs=3) for box in boxes)


@needs_models
def test_black_and_white_is_scored_like_colour(results: dict[str, EmotionsResult]) -> None:
    assert {frame["faces"][0]["dominant"] for frame in results["grey"].frames} == {"happy"}


@needs_models
def test_faces_under_20_pixels_are_found_but_not_scored(
    results: dict[str, EmotionsResult],
) -> None:
    faces = [face for frame in results["tiny"].frames for face in frame["faces"]]
    assert faces
    for face in faces:
        assert max(face["box"][2:]) < 20
        assert (face["quality"], face["emotions"], face["dominant"]) == ("too_small", None, None)
    assert results["tiny"].document["moments"] == []


@needs_models
def test_rotated_video_gives_upright_faces(results: dict[str, EmotionsResult]) -> None:
    frames = results["turned"].frames
    assert {(frame["width"], frame["height"]) for frame in frames} == {(540, 960)}
    expected = load_golden_values()["images"]["media/astronaut.png"]["faces"][0]["box"]
    for frame in frames:
        (face,) = frame["faces"]
        box = [face["box"][0] - 14, face["box"][1] - 224, *face["box"][2:]]
        assert box == pytest.approx(expected, abs=4)
        assert face["dominant"] == "happy"


@needs_models
def test_frames_without_faces_are_marked(results: dict[str, EmotionsResult]) -> None:
    result = results["nobody"]
    assert all(frame["no_face"] and frame["faces"] == [] for frame in result.frames)
    assert {row["dominant"] for row in result.rows} == {"no_face"}
    assert result.document["summary"]["no_face_share"] == 1


def test_missing_consent_or_prohibited_purpose_is_refused(suite: SuiteHandle) -> None:
    client = suite.client()
    video = {"video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 10}}
    for options, code, reason in (
        ({"purpose": "research"}, "invalid-option", "consent"),
        ({"consent": "true"}, "invalid-option", "purpose"),
        (EMOTIONS_OPTIONS | {"purpose": "our employees"}, "prohibited-purpose", "art. 5(1)(f)"),
        (EMOTIONS_OPTIONS | {"purpose": "pupils in class"}, "prohibited-purpose", "art. 5(1)(f)"),
    ):
        with pytest.raises(ApiError) as refused:
            client.create_job("emotions", video, options)
        assert (refused.value.status, refused.value.code) == (422, code)
        assert reason in str(refused.value)


@needs_models
def test_annotated_video_keeps_duration_and_sound(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    options = EMOTIONS_OPTIONS | {"annotate": "true", "every": "1"}
    job = suite.wait_for_job(
        client, suite.start_job(client, "emotions", SAD_TO_HAPPY_VIDEO, options=options)
    )
    assert job["status"] == "done", job["error"]
    film = io.BytesIO(download_artifact(client, job, "annotated.mp4", tmp_path))
    with av.open(str(SAD_TO_HAPPY_VIDEO), "r") as source, av.open(film, "r") as annotated:
        for container in (source, annotated):
            assert len(container.streams.audio) == 1
        assert source.duration is not None
        assert annotated.duration == pytest.approx(source.duration, abs=50_000)
        pictures = [frame.to_ndarray(format="bgr24") for frame in annotated.decode(video=0)]
    assert len(pictures) == 472
    amber = [np.abs(picture.astype(int) - [50, 178, 244]).sum(axis=2) < 90 for picture in pictures]
    assert amber[360].sum() > 1500, "no happy box at 15 s"
    assert amber[48].sum() < amber[360].sum() / 4, "a happy box at 2 s"


@needs_models
def test_crash_between_commit_and_publish_still_gives_a_timeline(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = suite.start_job(
        client, "emotions", SAD_TO_HAPPY_VIDEO, options=EMOTIONS_OPTIONS | {"every": "4"}
    )
    crash_file = suite.crash_once("after_commit", "emotion_scoring", job_id)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    assert not crash_file.exists()
    assert len(json.loads(download_artifact(client, job, "emotions.json", tmp_path))["frames"]) == 5
