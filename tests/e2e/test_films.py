"""Films in a browser: playing, seeking and subtitles."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from shared.recipes.films.deck import Deck
from shared.recipes.films.prompt import Prompt
from tests.fixtures.browser.player import SAMPLE_SIZE, Player
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite

SOURCE = (
    "Leaves are small kitchens. They cook with light. Water comes up from the roots. Air comes in "
    "through tiny doors. Sugar is what comes out. Trees keep it for the winter."
)


@dataclass(frozen=True)
class Film:
    """A film with its slides, their start times, and its subtitles. Times are in seconds."""

    url: str
    subtitles: str
    slides: list[NDArray[np.uint8]]
    starts: list[float]
    end: float
    cues: list[tuple[float, float, str]]


def make_film(suite: SuiteHandle, folder: Path, **options: str) -> Film:
    client = suite.client()
    path = folder / "prompt.txt"
    path.write_bytes(Prompt("What leaves do", SOURCE).to_bytes())
    job_options = {"slides": "4", **options}
    job = suite.wait_for_job(
        client, suite.start_job(client, "presentation", path, options=job_options)
    )
    assert job["status"] == "done", job["error"]
    deck = Deck.from_dict(json.loads(download_artifact(client, job, "deck.json", folder)))
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", folder))) as film:
        rows = film.chapters()
        starts = [float(row["start"] * (row["time_base"] or 0)) for row in rows]
        end = float(rows[-1]["end"] * (rows[-1]["time_base"] or 0))
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, job, "slides.zip", folder))
    ) as archive:
        slides = [decode_sample(archive.read(name)) for name in sorted(archive.namelist())]
    assert len(deck.slides) == len(slides) == len(starts)
    cues = read_vtt(download_artifact(client, job, "subtitles.vtt", folder).decode())
    return Film(
        signed_url(client, job, "film.mp4"),
        signed_url(client, job, "subtitles.vtt"),
        slides,
        starts,
        end,
        cues,
    )


def signed_url(client: Client, job: Mapping[str, Any], name: str) -> str:
    """Returns the signed URL of a result."""
    artifact = next(artifact for artifact in job["artifacts"] if artifact["name"] == name)
    return urljoin(client.api_url, str(client.send("GET", artifact["url"]).headers["Location"]))


def decode_sample(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB").resize(SAMPLE_SIZE, Image.Resampling.BOX))


def read_vtt(text: str) -> list[tuple[float, float, str]]:
    """Returns start, end and text of every cue. Times in seconds."""
    timestamp = r"(\d+):(\d+):([\d.]+)"
    matches = re.findall(rf"{timestamp} --> {timestamp}\n(.+?)\n(?=\n|$)", text, re.DOTALL)
    return [(parse_seconds(*row[:3]), parse_seconds(*row[3:6]), row[6]) for row in matches]


def parse_seconds(hours: str, minutes: str, second_text: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + float(second_text)


def find_shown_slide(film: Film, player: Player) -> tuple[int, float]:
    """Returns the index of the slide that is most similar to the picture, and the mean difference.

    Only the upper three quarters count, because subtitles cover the rest.
    """
    rows = SAMPLE_SIZE[1] * 3 // 4
    sample = player.sample_frame()[:rows].astype(int)
    errors = [float(np.abs(sample - slide[:rows]).mean()) for slide in film.slides]
    return int(np.argmin(errors)), min(errors)


def console_origin(suite: SuiteHandle) -> str:
    return suite.url("console")


def test_film_plays_and_seeks_to_every_chapter(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    film = make_film(suite, tmp_path)
    player = Player(page, console_origin(suite), film.url, film.subtitles)
    assert (player.video_properties["width"], player.video_properties["height"]) == (1280, 720)
    assert player.video_properties["duration"] == pytest.approx(film.end, abs=0.05)
    # A busy browser pauses late.
    assert 0.5 <= player.play(0.5) <= film.end
    for number in (2, 0, 3, 1):
        for offset_s in (0.02, 1.0):
            time_s = film.starts[number] + offset_s
            assert player.seek(time_s) == pytest.approx(time_s, abs=0.001)
            shown, error = find_shown_slide(film, player)
            assert (shown, error < 6) == (number, True), error
    # To the end and back to the start.
    player.seek(film.end - 0.01)
    assert find_shown_slide(film, player)[0] == len(film.slides) - 1
    player.seek(0)
    assert find_shown_slide(film, player)[0] == 0
    assert player.play(0.3) > 0.2


@pytest.mark.extended
def test_subtitles_are_shown_at_their_times(suite: SuiteHandle, page: Page, tmp_path: Path) -> None:
    film = make_film(suite, tmp_path)
    player = Player(page, console_origin(suite), film.url, film.subtitles)
    assert len(film.cues) >= 4
    for start, end, text in film.cues:
        for time in (start + 0.03, (start + end) / 2, end - 0.03):
            player.seek(time)
            assert player.active_subtitles() == [text]
    player.seek(0.1)
    assert player.active_subtitles() == []


@pytest.mark.extended
def test_film_with_motion_and_burned_subtitles_can_be_sought(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    film = make_film(
        suite, tmp_path, aspect="1:1", slides="3", theme="paper",
        motion="gentle", subtitles="burned", transition="fade",
    )  # fmt: skip
    player = Player(page, console_origin(suite), film.url)
    for start, end, _ in film.cues[::-1]:
        time = (start + end) / 2
        assert player.seek(time) == pytest.approx(time, abs=0.001)
        number = sum(slide_start <= time for slide_start in film.starts) - 1
        assert find_shown_slide(film, player)[0] == number
        # The dark box of a subtitle, in the middle of the lower edge of a light slide.
        assert (
            player.sample_frame()[57:60, 26:38].mean()
            < film.slides[number][57:60, 26:38].mean() - 60
        )
    player.seek(0)
    assert player.play(0.5) > 0.3
