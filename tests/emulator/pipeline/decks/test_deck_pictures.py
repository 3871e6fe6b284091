"""Pictures on slides: uploaded and generated ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from PIL import Image

from infra.local.suite.handle import SuiteHandle
from shared.recipes.films.prompt import Prompt
from tests.emulator.pipeline.decks.deck_requests import (
    STONES,
    add_picture,
    edit,
    read_deck,
    start_job,
    wait_for_end,
    wait_for_review,
)
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite


def test_uploaded_pictures_are_shown_on_slides(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    files = {}
    for n, colour in enumerate(("red", "blue"), 1):
        path = tmp_path / f"{colour}.png"
        Image.new("RGB", (300, 500), colour).save(path)
        files[f"picture{n}"] = path
    prompt = tmp_path / "prompt.txt"
    prompt.write_bytes(STONES.to_bytes())
    job_id = suite.start_job(
        client,
        "presentation",
        prompt,
        options={"slides": "4", "stop_at": "deck"},
        named_files=files,
    )
    wait_for_review(client, job_id)
    deck = read_deck(client, job_id)
    assert deck["pictures"] == ["upload:picture1", "upload:picture2"]
    pictures = [slide["picture"] for slide in deck["slides"] if slide["picture"]]
    assert pictures == ["upload:picture1", "upload:picture2"]
    index = next(n for n, slide in enumerate(deck["slides"]) if slide["picture"])
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, client.get_job(job_id), "slides.zip", tmp_path))
    ) as archive:
        name = archive.namelist()[index]
        with Image.open(io.BytesIO(archive.read(name))) as slide:
            # Pictures alternate between the left and the right side.
            x = 200 if index % 2 else 1100
            assert slide.convert("RGB").getpixel((x, 300)) == (255, 0, 0)
    # Another picture is added in the review. The same one again needs no upload.
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "lime").save(out, "PNG")
    added = {add_picture(client, job_id, out.getvalue()) for _ in range(2)}
    (reference,) = added

    def show(deck: dict[str, Any]) -> None:
        deck["slides"][index] |= {"picture": reference, "alt": "Grass", "focus": [0.5, 1.0]}

    edit(client, job_id, show)
    wait_for_review(client, job_id, revision=1)
    deck = read_deck(client, job_id)
    assert reference in deck["pictures"]
    shown = deck["slides"][index]
    assert (shown["alt"], shown["focus"]) == ("Grass", [0.5, 1.0])
    location = client.send("GET", shown["picture_url"]).headers["Location"]
    with urlopen(location) as link, Image.open(link) as slide:  # noqa: S310 - the local suite
        assert slide.convert("RGB").getpixel((x, 300)) == (0, 255, 0)


@pytest.mark.extended
def test_configured_illustrator_draws_missing_pictures(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    env = {"MOODREEL_ILLUSTRATOR": "gemini"}
    suite.restart("slide_generation", env)
    try:
        prompt = Prompt(
            "Tell me about paper",
            "# Paper\n\n## Sheets\n\nPaper folds. Sheets are cut. Fibres hold.\n\n"
            "## A secret\n\nInk dries. Pens write. Glue sticks. Nobody tells.",
        )
        job_id = start_job(suite, client, tmp_path, prompt, stop_at="deck")
        job = wait_for_review(client, job_id)
        pictures = [slide["picture"] for slide in read_deck(client, job_id)["slides"]]
        assert any(picture and picture.startswith("drawn:") for picture in pictures)
        assert any("placeholders" in warning for warning in job["warnings"])
        edit(client, job_id, lambda _: None, release=True)
        wait_for_end(suite, client, job_id)
        job_without_drawings = start_job(suite, client, tmp_path, prompt, pictures="own")
        job = wait_for_end(suite, client, job_without_drawings)
        assert {
            slide["picture"] for slide in read_deck(client, job_without_drawings)["slides"]
        } == {None}
        (warning,) = job["warnings"]
        assert "sentences of your text" in warning
    finally:
        suite.restart("slide_generation")
