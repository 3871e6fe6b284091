"""The recipe `still` over the running suite: a film and a poster from a picture and a sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from infra.local.suite.handle import SuiteHandle
from tests.fixtures.media.films import decode_sound, read_box_types
from tests.fixtures.media.uploads import make_png_header, make_rotated_jpeg, make_sound_file
from tests.fixtures.suite.frames_job import download_artifact
from tests.fixtures.suite.still_job import run_still_job

pytestmark = pytest.mark.suite


def test_photo_and_song_become_a_film(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job = run_still_job(
        suite,
        client,
        tmp_path,
        make_rotated_jpeg(6),
        make_sound_file("mp3", 7.5),
        resolution="720p",
    )
    assert job["status"] == "done", job["error"]
    assert [artifact["name"] for artifact in job["artifacts"]] == ["film.mp4", "poster.jpg"]
    path = tmp_path / "film.mp4"
    path.write_bytes(download_artifact(client, job, "film.mp4", tmp_path))
    sound, rate = decode_sound(path)
    assert sound.shape[1] / rate == pytest.approx(7.5, abs=0.07)
    assert np.abs(sound).max() > 0.3
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert frames[0].shape == (720, 1080, 3)
    for frame in (frames[0], frames[-1]):
        assert np.abs(frame[180, 270].astype(int) - (220, 30, 30)).max() < 25
    assert read_box_types(path).index("moov") < read_box_types(path).index("mdat")
    assert download_artifact(client, job, "poster.jpg", tmp_path)[:3] == b"\xff\xd8\xff"


def test_text_instead_of_sound_fails_with_a_reason(suite: SuiteHandle, tmp_path: Path) -> None:
    job = run_still_job(suite, suite.client(), tmp_path, make_rotated_jpeg(1), b"Dear all, " * 90)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "not-a-sound"
    assert "MP3" in job["error"]["message"]


def test_picture_of_400_megapixels_fails_with_a_reason(suite: SuiteHandle, tmp_path: Path) -> None:
    bomb = make_png_header(20_000, 20_000)
    job = run_still_job(suite, suite.client(), tmp_path, bomb, make_sound_file("wav", 1))
    assert job["status"] == "failed"
    assert job["error"]["code"] == "picture-too-large"
    assert "64 megapixels" in job["error"]["message"]
