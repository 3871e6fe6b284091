"""Real clips through the real chain: every frame is the one that is shown at its time."""

from __future__ import annotations

import bisect
import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from infra.local.suite.handle import Tenant
from shared.media.images.frame import decode_image as picture_of
from tests.fixtures.media.clips import RECIPES, Clip, read_counter
from tests.fixtures.suite.frames_job import fetch, frames_of, run_frames

pytestmark = pytest.mark.suite

KINDS = {
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


def shown_at(clip: Clip, time: Fraction) -> int:
    """The number of the picture that is shown at `time`: the last that has begun."""
    return bisect.bisect_right(clip.times, time) - 1


@pytest.fixture(scope="module")
def results(
    suite: Tenant, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, object], bytes]]:
    """All kinds at once, by one person, as jobs that run side by side."""
    folder = tmp_path_factory.mktemp("frames")
    client = suite.client()
    with ThreadPoolExecutor(4) as pool:
        runs = {
            kind: pool.submit(
                run_frames, suite, client, RECIPES[kind].make().path, folder, every=every
            )
            for kind, every in KINDS.items()
        }
        return {kind: run.result() for kind, run in runs.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_the_one_shown_at_its_time(
    kind: str, results: dict[str, tuple[dict[str, object], bytes]]
) -> None:
    clip, every = RECIPES[kind].make(), Fraction(KINDS[kind])
    _, archive = results[kind]
    frames = frames_of(archive)
    expected = [shown_at(clip, k * every) for k in range(10_000) if k * every < clip.end]
    numbers = [read_counter(picture_of(data)) for _, data in frames]
    assert numbers == expected
    names = [name for name, _ in frames]
    assert names == sorted(names)


def test_what_lies_beside_the_zip_agrees_with_it(suite: Tenant, tmp_path: Path) -> None:
    client = suite.client()
    job, archive = run_frames(
        suite,
        client,
        RECIPES["vfr"].make().path,
        tmp_path,
        every="1/3",
        format="png",
        max_width="96",
    )
    frames = frames_of(archive)
    manifest = json.loads(fetch(client, job, "manifest.json", tmp_path))
    rows = list(csv.DictReader(io.StringIO(fetch(client, job, "frames.csv", tmp_path).decode())))
    names = [name for name, _ in frames]
    assert [frame["name"] for frame in manifest["frames"]] == names
    assert [row["name"] for row in rows] == names
    assert [int(row["bytes"]) for row in rows] == [len(data) for _, data in frames]
    for _, data in frames:
        assert data.startswith(b"\x89PNG")
        picture = picture_of(data)
        assert picture.shape[1] == 96
    sheet = picture_of(fetch(client, job, "contact_sheet.jpg", tmp_path))
    assert sheet.shape[1] == 1920
    assert float(sheet.std()) > 10


def test_only_the_part_between_start_and_end_is_taken(suite: Tenant, tmp_path: Path) -> None:
    clip = RECIPES["cfr30"].make()
    _, archive = run_frames(
        suite, suite.client(), clip.path, tmp_path, every="0.5", start="2", end="4"
    )
    numbers = [read_counter(picture_of(data)) for _, data in frames_of(archive)]
    assert numbers == [60, 75, 90, 105]


def test_something_that_is_no_video_fails_with_a_reason_and_a_mail(
    suite: Tenant, tmp_path: Path
) -> None:
    text = tmp_path / "holiday.mp4"
    text.write_text("This is not a video at all.\n" * 40)
    user = suite.user()
    client = suite.client(user)
    job = suite.finished_job(client, suite.start_job(client, "frames", text))
    assert job["status"] == "failed"
    assert job["error"]["code"] == "not-a-video"
    assert job["error"]["stage"] == "upload_trigger"
    assert len(job["error"]["message"]) > 20
