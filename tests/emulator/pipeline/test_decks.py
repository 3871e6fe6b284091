"""Deck review: a deck is edited, rewritten and released. Only changed parts are rendered again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import av
import pytest
from PIL import Image

from infra.local.client.api_client import ApiError, Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.recipes.films.prompt import Prompt
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite

STONES = Prompt(
    "Tell me about stones",
    "Basalt is dark. Granite is light. Slate splits well. Chalk is soft. Marble shines.",
)


def call_count(suite: SuiteHandle, emulator: str) -> int:
    return int(request("GET", f"{suite.url(emulator)}/_health").json()["calls"])


def start_job(
    suite: SuiteHandle, client: Client, folder: Path, prompt: Prompt = STONES, **options: str
) -> str:
    path = folder / "prompt.txt"
    path.write_bytes(prompt.to_bytes())
    return suite.start_job(client, "presentation", path, options={"slides": "4", **options})


def wait_for_end(
    suite: SuiteHandle, client: Client, job_id: str, status: str = "done"
) -> dict[str, Any]:
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == status, job["error"]
    return job


def wait_for_review(client: Client, job_id: str, revision: int = 0) -> dict[str, Any]:
    """Returns the job once the deck of this revision waits for review."""

    def find_job() -> dict[str, Any] | None:
        job = client.get_job(job_id)
        assert job["status"] not in ("failed", "done"), job["error"]
        in_review = job["status"] == "awaiting_review" and job["revision"] == revision
        return job if in_review else None

    return wait_until(find_job, f"the deck of revision {revision}")


def read_deck(client: Client, job_id: str) -> dict[str, Any]:
    return dict(client.call("GET", f"/v1/jobs/{job_id}/deck"))


def edit(
    client: Client,
    job_id: str,
    change: Callable[[dict[str, Any]], None],
    **fields: Any,
) -> dict[str, Any]:
    """Reads the deck, changes it and writes it back."""
    current = read_deck(client, job_id)
    names = ("title", "language", "theme", "aspect", "resolution")
    edited: dict[str, Any] = {name: current[name] for name in names}
    edited["slides"] = [
        {name: value for name, value in slide.items() if name != "picture_url"}
        for slide in current["slides"]
    ]
    change(edited)
    body = {"revision": current["revision"], "deck": edited, **fields}
    return dict(client.call("PUT", f"/v1/jobs/{job_id}/deck", body))


def find_stage(job: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(stage for stage in job["stages"] if stage["name"] == name)


def test_deck_waits_for_review_and_becomes_a_film_on_release(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    before = call_count(suite, "tts")
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    job = wait_for_review(client, job_id)
    assert {artifact["name"] for artifact in job["artifacts"]} == {"deck.json", "slides.zip"}
    assert find_stage(job, "text_to_speech")["state"] == "waiting"
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["current"], len(deck["slides"])) == (0, True, 4)
    response = client.send("GET", deck["slides"][1]["picture_url"])
    with urlopen(response.headers["Location"]) as link, Image.open(link) as picture:  # noqa: S310
        assert (picture.format, picture.size) == ("PNG", (1280, 720))
    assert call_count(suite, "tts") == before
    for _ in range(2):
        client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = wait_for_end(suite, client, job_id)
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    assert client.get_job(job_id)["status"] == "done"


def test_edit_renders_and_speaks_only_the_changed_slide(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    user = client.user
    job_id = start_job(suite, client, tmp_path)
    first = _pictures(client, wait_for_end(suite, client, job_id), tmp_path)
    wait_until(lambda: suite.list_emails(user.email), "the first e-mail")
    before = call_count(suite, "tts"), call_count(suite, "gemini")

    def reword(deck: dict[str, Any]) -> None:
        deck["slides"][1]["heading"] = "Quartz is hard"
        deck["slides"][1]["notes"] = "Quartz scratches glass."

    edit(client, job_id, reword, release=True)
    job = wait_for_end(suite, client, job_id)
    assert (job["revision"], job["epoch"]) == (1, 0)
    assert (call_count(suite, "tts"), call_count(suite, "gemini")) == (before[0] + 1, before[1])
    vtt = download_artifact(client, job, "subtitles.vtt", tmp_path).decode()
    assert "Quartz scratches glass." in vtt
    counts = {
        name: find_stage(job, name)["counts"] for name in ("slide_generation", "text_to_speech")
    }
    assert (counts["slide_generation"]["rendered"], counts["slide_generation"]["reused"]) == (1, 3)
    assert counts["text_to_speech"]["calls"] == 1
    scenes = find_stage(job, "stitching")["counts"]
    assert (scenes["scenes_encoded"], scenes["scenes_reused"]) == (1, 3)
    second = _pictures(client, job, tmp_path)
    unchanged = [old == new for old, new in zip(first, second, strict=True)]
    assert unchanged == [True, False, True, True]
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert [chapter["metadata"]["title"] for chapter in film.chapters()][1] == "Quartz is hard"
    assert [artifact["name"] for artifact in job["artifacts"]].count("film.mp4") == 1
    wait_until(lambda: len(suite.list_emails(user.email)) == 2, "an e-mail for each film")


def _pictures(client: Client, job: Mapping[str, Any], folder: Path) -> list[bytes]:
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, job, "slides.zip", folder))
    ) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_edit_without_release_is_rendered_and_waits_for_review(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path)
    wait_for_end(suite, client, job_id)

    def restyle(deck: dict[str, Any]) -> None:
        deck["theme"] = "chalk"
        deck["slides"].append(
            {"id": "more", "heading": "One more", "bullets": ["A point", "Another"], "notes": "So."}
        )

    edit(client, job_id, restyle, options={"transition": "fade", "speed": 1.2})
    job = wait_for_review(client, job_id, revision=1)
    assert job["options"]["transition"] == "fade"
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["theme"], len(deck["slides"])) == (1, "chalk", 5)
    # The film of the earlier revision can still be watched.
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = wait_for_end(suite, client, job_id)
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert len(film.chapters()) == 5


def test_slide_is_rewritten_by_instruction(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    deck = read_deck(client, job_id)
    before = call_count(suite, "gemini")
    slide = deck["slides"][2]["id"]
    body = {"revision": 0, "instruction": "Say that gravel is noisy."}
    client.call("POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body)
    wait_for_review(client, job_id, revision=1)
    rewritten = read_deck(client, job_id)
    assert call_count(suite, "gemini") == before + 1
    assert "gravel" in json.dumps(rewritten["slides"][2]).lower()
    slide_pairs = [(old, new) for old, new in zip(deck["slides"], rewritten["slides"], strict=True)]
    assert [old == new for old, new in slide_pairs] == [True, True, False, True]
    with pytest.raises(ApiError) as stale:
        client.call(
            "POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body | {"instruction": "No"}
        )
    assert (stale.value.status, stale.value.code) == (409, "deck-changed")
    with pytest.raises(ApiError) as missing:
        client.call("POST", f"/v1/jobs/{job_id}/deck/slides/none/rewrite", body)
    assert missing.value.status == 404


def test_invalid_deck_is_refused_with_the_location(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)

    def refused_edit(change: Callable[[dict[str, Any]], None], **fields: Any) -> ApiError:
        with pytest.raises(ApiError) as error:
            edit(client, job_id, change, **fields)
        return error.value

    assert "slides[1].picture" in str(
        refused_edit(lambda deck: deck["slides"][1].update(picture="upload:picture7"))
    )
    duplicate_id = refused_edit(lambda deck: deck["slides"][1].update(id=deck["slides"][0]["id"]))
    assert (duplicate_id.status, duplicate_id.code) == (422, "invalid-request")
    assert "midnight, paper" in str(refused_edit(lambda deck: deck.update(theme="no-such")))
    assert refused_edit(lambda _: None, options={"aspect": "1:1"}).status == 422
    assert refused_edit(lambda _: None, options={"speed": 9}).code == "invalid-option"
    assert client.get_job(job_id)["revision"] == 0


def test_other_users_cannot_read_edit_or_release_a_deck(suite: SuiteHandle, tmp_path: Path) -> None:
    client, other_client = suite.client(), suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    for method, path in (
        ("GET", "deck"), ("PUT", "deck"), ("POST", "deck/release"),
        ("GET", "deck/slides/s1/picture"), ("POST", "deck/slides/s1/rewrite"),
    ):  # fmt: skip
        assert other_client.send(method, f"/v1/jobs/{job_id}/{path}", {}).status == 404
    assert client.get_job(job_id)["status"] == "awaiting_review"


def test_edit_restarts_a_failed_job(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, voice="en-XX-Nobody")
    job = wait_for_end(suite, client, job_id, status="failed")
    assert job["error"]["code"] == "voice-refused"
    edit(client, job_id, lambda _: None, options={"voice": None}, release=True)
    job = wait_for_end(suite, client, job_id)
    assert (job["epoch"], job["revision"], job["error"]) == (1, 1, None)


def test_failed_rewrite_can_be_repeated(suite: SuiteHandle, tmp_path: Path) -> None:
    client, gemini = suite.client(), suite.url("gemini")
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    path = f"/v1/jobs/{job_id}/deck/slides/s2/rewrite"
    instruction = {"instruction": "Say that sand is fine."}
    request("POST", f"{gemini}/_responses", {"kind": "wrong-schema", "count": 3})
    try:
        client.call("POST", path, {"revision": 0, **instruction})
        job = wait_for_end(suite, client, job_id, status="failed")
    finally:
        request("DELETE", f"{gemini}/_responses")
    assert (job["error"]["code"], job["revision"]) == ("deck-unusable", 1)
    deck = read_deck(client, job_id)
    assert (deck["revision"], deck["current"]) == (0, False)
    client.call("POST", path, {"revision": deck["revision"], **instruction})
    wait_for_review(client, job_id, revision=2)
    assert "sand" in json.dumps(read_deck(client, job_id)["slides"][1]).lower()
    # The same request again is the same edit. Another speed is a conflicting edit.
    stale = read_deck(client, job_id)
    edit(client, job_id, lambda _: None, options={"speed": 1.2})
    wait_for_review(client, job_id, revision=3)
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in stale["slides"]]
    deck_fields = {
        name: stale[name] for name in ("title", "language", "theme", "aspect", "resolution")
    }
    body = {"revision": 2, "deck": {**deck_fields, "slides": slides}, "options": {"speed": 1.2}}
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    with pytest.raises(ApiError) as conflict:
        client.call("PUT", f"/v1/jobs/{job_id}/deck", body | {"options": {"speed": 1.5}})
    assert conflict.value.code == "deck-changed"
    assert (client.get_job(job_id)["revision"], client.get_job(job_id)["options"]["speed"]) == (
        3,
        1.2,
    )


@pytest.mark.parametrize(
    "point",
    # The first one waits until a lease expires. By default, only the other two run.
    [pytest.param("after_work", marks=pytest.mark.sweep), "after_commit", "after_publish"],
)
def test_crash_while_rendering_an_edit_keeps_edit_and_review(
    suite: SuiteHandle, tmp_path: Path, point: str
) -> None:
    client = suite.client()
    job_id = start_job(suite, client, tmp_path, stop_at="deck")
    wait_for_review(client, job_id)
    crash_file = suite.crash_once(point, "slide_generation", job_id)
    edit(client, job_id, lambda deck: deck.update(theme="ember"))
    wait_for_review(client, job_id, revision=1)
    assert not crash_file.exists()
    assert read_deck(client, job_id)["theme"] == "ember"
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    wait_for_end(suite, client, job_id)


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


def test_configured_illustrator_draws_missing_pictures(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    env = {"MOODREEL_ILLUSTRATOR": "tests.fakes.illustrator:paper_illustrator"}
    suite.restart("slide_generation", env)
    try:
        prompt = Prompt(
            "Tell me about paper", "Paper folds. A secret is kept. Ink dries. Glue holds."
        )
        job_id = start_job(suite, client, tmp_path, prompt, stop_at="deck")
        job = wait_for_review(client, job_id)
        pictures = [slide["picture"] for slide in read_deck(client, job_id)["slides"]]
        assert any(picture and picture.startswith("drawn:") for picture in pictures)
        edit(client, job_id, lambda _: None, release=True)
        wait_for_end(suite, client, job_id)
        job_without_drawings = start_job(suite, client, tmp_path, prompt, pictures="own")
        job = wait_for_end(suite, client, job_without_drawings)
        assert {
            slide["picture"] for slide in read_deck(client, job_without_drawings)["slides"]
        } == {None}
        assert job["warnings"] == []
    finally:
        suite.restart("slide_generation")
