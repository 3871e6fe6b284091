"""The recipe `frames` over the running suite, for clips of many kinds."""

from __future__ import annotations

import bisect
import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle
from shared.media.images.decode import decode_image
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import Clip
from tests.fixtures.media.counter import read_counter
from tests.fixtures.suite.frames_job import download_artifact, read_frames_zip, run_frames_job

pytestmark = pytest.mark.suite

INTERVALS = {
    "cfr30": "1",
    "ntsc": "1",
    "vfr": "0.5",
    "long-gop": "1",
    "open-gop": "1",
    "mpegts": "1",
    "mpegts-later": "0.4",
    "webm": "1",
    "rotated-90": "0.2",
    "rotated-180": "1/3",
    "later": "1",
    "matroska": "1",
}
"""Interval between two frames, in seconds, by kind of clip."""


def index_at(clip: Clip, time: Fraction) -> int:
    """Returns the index of the picture that is shown at `time`: the last one that has started."""
    return bisect.bisect_right(clip.times_s, time) - 1


@pytest.fixture(scope="module")
def results(
    suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, object], bytes]]:
    """Job and frames.zip of all kinds of clips, as parallel jobs of one user."""
    folder = tmp_path_factory.mktemp("frames")
    client = suite.client()
    with ThreadPoolExecutor(4) as pool:
        futures = {
            kind: pool.submit(
                run_frames_job, suite, client, CLIP_SPECS[kind].encode().path, folder, every=every
            )
            for kind, every in INTERVALS.items()
        }
        return {kind: future.result() for kind, future in futures.items()}


@pytest.mark.parametrize("kind", INTERVALS)
def test_every_frame_is_the_picture_shown_at_its_time(
    kind: str, results: dict[str, tuple[dict[str, object], bytes]]
) -> None:
    clip, every = CLIP_SPECS[kind].encode(), Fraction(INTERVALS[kind])
    _, archive = results[kind]
    frames = read_frames_zip(archive)
    expected = [index_at(clip, k * every) for k in range(10_000) if k * every < clip.end_s]
    numbers = [read_counter(decode_image(data)) for _, data in frames]
    assert numbers == expected
    names = [name for name, _ in frames]
    assert names == sorted(names)


def test_manifest_csv_and_contact_sheet_match_the_zip(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job, archive = run_frames_job(
        suite,
        client,
        CLIP_SPECS["vfr"].encode().path,
        tmp_path,
        every="1/3",
        format="png",
        max_width="96",
    )
    frames = read_frames_zip(archive)
    manifest = json.loads(download_artifact(client, job, "manifest.json", tmp_path))
    rows = list(
        csv.DictReader(io.StringIO(download_artifact(client, job, "frames.csv", tmp_path).decode()))
    )
    names = [name for name, _ in frames]
    assert [frame["name"] for frame in manifest["frames"]] == names
    assert [row["name"] for row in rows] == names
    assert [int(row["bytes"]) for row in rows] == [len(data) for _, data in frames]
    for _, data in frames:
        assert data.startswith(b"\x89PNG")
        picture = decode_image(data)
        assert picture.shape[1] == 96
    sheet = decode_image(download_artifact(client, job, "contact_sheet.jpg", tmp_path))
    assert sheet.shape[1] == 1920
    assert float(sheet.std()) > 10


def test_only_frames_between_start_and_end_are_extracted(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    _, archive = run_frames_job(
        suite, suite.client(), clip.path, tmp_path, every="0.5", start="2", end="4"
    )
    numbers = [read_counter(decode_image(data)) for _, data in read_frames_zip(archive)]
    assert numbers == [60, 75, 90, 105]


def test_file_that_is_not_a_video_fails_with_a_reason(suite: SuiteHandle, tmp_path: Path) -> None:
    text = tmp_path / "holiday.mp4"
    text.write_text("This is not a video at all.\n" * 40)
    user = suite.user()
    client = suite.client(user)
    job = suite.wait_for_job(client, suite.start_job(client, "frames", text))
    assert job["status"] == "failed"
    assert job["error"]["code"] == "not-a-video"
    assert job["error"]["stage"] == "upload_trigger"
    assert len(job["error"]["message"]) > 20
