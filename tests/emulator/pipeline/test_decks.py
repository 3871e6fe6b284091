"""A deck that a person looks at, edits and lets become a film; only what changed is made anew."""

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

from infra.local.suite.api_client import ApiError, Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from shared.recipes.films.prompt import Prompt
from tests.fixtures.suite.frames_job import download_artifact

pytestmark = pytest.mark.suite

STONES = Prompt(
    "Tell me about stones",
    "Basalt is dark. Granite is light. Slate splits well. Chalk is soft. Marble shines.",
)


def calls(suite: SuiteHandle, stand_in: str) -> int:
    return int(request("GET", f"{suite.url(stand_in)}/_health").json()["calls"])


def started(
    suite: SuiteHandle, client: Client, folder: Path, prompt: Prompt = STONES, **options: str
) -> str:
    path = folder / "prompt.txt"
    path.write_bytes(prompt.to_bytes())
    return suite.start_job(client, "presentation", path, options={"slides": "4", **options})


def ended(suite: SuiteHandle, client: Client, job_id: str, status: str = "done") -> dict[str, Any]:
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == status, job["error"]
    return job


def reviewed(client: Client, job_id: str, revision: int = 0) -> dict[str, Any]:
    """The job when the deck of this revision waits for its owner."""

    def waits() -> dict[str, Any] | None:
        job = client.get_job(job_id)
        assert job["status"] not in ("failed", "done"), job["error"]
        here = job["status"] == "awaiting_review" and job["revision"] == revision
        return job if here else None

    return wait_until(waits, f"the deck of revision {revision}")


def deck_of(client: Client, job_id: str) -> dict[str, Any]:
    return dict(client.call("GET", f"/v1/jobs/{job_id}/deck"))


def edit(
    client: Client,
    job_id: str,
    change: Callable[[dict[str, Any]], None],
    **more: Any,
) -> dict[str, Any]:
    """Read the deck, change it and put it back."""
    told = deck_of(client, job_id)
    kept = ("title", "language", "theme", "aspect", "resolution")
    deck: dict[str, Any] = {name: told[name] for name in kept}
    deck["slides"] = [
        {name: value for name, value in slide.items() if name != "picture_url"}
        for slide in told["slides"]
    ]
    change(deck)
    body = {"revision": told["revision"], "deck": deck, **more}
    return dict(client.call("PUT", f"/v1/jobs/{job_id}/deck", body))


def stage(job: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(stage for stage in job["stages"] if stage["name"] == name)


def test_a_deck_waits_for_its_owner_and_becomes_a_film_when_it_is_released(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    before = calls(suite, "tts")
    job_id = started(suite, client, tmp_path, stop_at="deck")
    job = reviewed(client, job_id)
    assert {artifact["name"] for artifact in job["artifacts"]} == {"deck.json", "slides.zip"}
    assert stage(job, "text_to_speech")["state"] == "waiting"
    told = deck_of(client, job_id)
    assert (told["revision"], told["current"], len(told["slides"])) == (0, True, 4)
    response = client.send("GET", told["slides"][1]["picture_url"])
    with urlopen(response.headers["Location"]) as link, Image.open(link) as picture:  # noqa: S310
        assert (picture.format, picture.size) == ("PNG", (1280, 720))
    assert calls(suite, "tts") == before
    for _ in range(2):
        client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = ended(suite, client, job_id)
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    assert client.get_job(job_id)["status"] == "done"


def test_one_edited_slide_costs_one_sentence_and_one_picture(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    user = client.user
    job_id = started(suite, client, tmp_path)
    first = _pictures(client, ended(suite, client, job_id), tmp_path)
    wait_until(lambda: suite.list_emails(user.email), "the first letter")
    before = calls(suite, "tts"), calls(suite, "gemini")

    def reword(deck: dict[str, Any]) -> None:
        deck["slides"][1]["heading"] = "Quartz is hard"
        deck["slides"][1]["notes"] = "Quartz scratches glass."

    edit(client, job_id, reword, release=True)
    job = ended(suite, client, job_id)
    assert (job["revision"], job["epoch"]) == (1, 0)
    assert (calls(suite, "tts"), calls(suite, "gemini")) == (before[0] + 1, before[1])
    vtt = download_artifact(client, job, "subtitles.vtt", tmp_path).decode()
    assert "Quartz scratches glass." in vtt
    counts = {name: stage(job, name)["counts"] for name in ("slide_generation", "text_to_speech")}
    assert (counts["slide_generation"]["rendered"], counts["slide_generation"]["reused"]) == (1, 3)
    assert counts["text_to_speech"]["calls"] == 1
    scenes = stage(job, "stitching")["counts"]
    assert (scenes["scenes_encoded"], scenes["scenes_reused"]) == (1, 3)
    second = _pictures(client, job, tmp_path)
    kept = [one == other for one, other in zip(first, second, strict=True)]
    assert kept == [True, False, True, True]
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert [chapter["metadata"]["title"] for chapter in film.chapters()][1] == "Quartz is hard"
    assert [artifact["name"] for artifact in job["artifacts"]].count("film.mp4") == 1
    wait_until(lambda: len(suite.list_emails(user.email)) == 2, "a letter for each film")


def _pictures(client: Client, job: Mapping[str, Any], folder: Path) -> list[bytes]:
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, job, "slides.zip", folder))
    ) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_an_edit_without_release_is_drawn_and_waits_again(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = started(suite, client, tmp_path)
    ended(suite, client, job_id)

    def restyle(deck: dict[str, Any]) -> None:
        deck["theme"] = "chalk"
        deck["slides"].append(
            {"id": "more", "heading": "One more", "bullets": ["A point", "Another"], "notes": "So."}
        )

    edit(client, job_id, restyle, options={"transition": "fade", "speed": 1.2})
    job = reviewed(client, job_id, revision=1)
    assert job["options"]["transition"] == "fade"
    told = deck_of(client, job_id)
    assert (told["revision"], told["theme"], len(told["slides"])) == (1, "chalk", 5)
    # The film of before is still there to be watched.
    assert "film.mp4" in {artifact["name"] for artifact in job["artifacts"]}
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    job = ended(suite, client, job_id)
    with av.open(io.BytesIO(download_artifact(client, job, "film.mp4", tmp_path))) as film:
        assert len(film.chapters()) == 5


def test_one_slide_is_written_anew_as_wished(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = started(suite, client, tmp_path, stop_at="deck")
    reviewed(client, job_id)
    told = deck_of(client, job_id)
    before = calls(suite, "gemini")
    slide = told["slides"][2]["id"]
    body = {"revision": 0, "instruction": "Say that gravel is noisy."}
    client.call("POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body)
    reviewed(client, job_id, revision=1)
    again = deck_of(client, job_id)
    assert calls(suite, "gemini") == before + 1
    assert "gravel" in json.dumps(again["slides"][2]).lower()
    kept = [(one, other) for one, other in zip(told["slides"], again["slides"], strict=True)]
    assert [one == other for one, other in kept] == [True, True, False, True]
    with pytest.raises(ApiError) as stale:
        client.call(
            "POST", f"/v1/jobs/{job_id}/deck/slides/{slide}/rewrite", body | {"instruction": "No"}
        )
    assert (stale.value.status, stale.value.code) == (409, "deck-changed")
    with pytest.raises(ApiError) as gone:
        client.call("POST", f"/v1/jobs/{job_id}/deck/slides/none/rewrite", body)
    assert gone.value.status == 404


def test_what_cannot_be_a_deck_is_refused_and_names_the_place(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = started(suite, client, tmp_path, stop_at="deck")
    reviewed(client, job_id)

    def refused(change: Callable[[dict[str, Any]], None], **more: Any) -> ApiError:
        with pytest.raises(ApiError) as wrong:
            edit(client, job_id, change, **more)
        return wrong.value

    assert "slides[1].picture" in str(
        refused(lambda deck: deck["slides"][1].update(picture="upload:picture7"))
    )
    twice = refused(lambda deck: deck["slides"][1].update(id=deck["slides"][0]["id"]))
    assert (twice.status, twice.code) == (422, "invalid-request")
    assert "midnight, paper" in str(refused(lambda deck: deck.update(theme="no-such")))
    assert refused(lambda _: None, options={"aspect": "1:1"}).status == 422
    assert refused(lambda _: None, options={"speed": 9}).code == "invalid-option"
    assert client.get_job(job_id)["revision"] == 0


def test_nobody_else_sees_edits_or_releases_a_deck(suite: SuiteHandle, tmp_path: Path) -> None:
    client, stranger = suite.client(), suite.client()
    job_id = started(suite, client, tmp_path, stop_at="deck")
    reviewed(client, job_id)
    for method, path in (
        ("GET", "deck"), ("PUT", "deck"), ("POST", "deck/release"),
        ("GET", "deck/slides/s1/picture"), ("POST", "deck/slides/s1/rewrite"),
    ):  # fmt: skip
        assert stranger.send(method, f"/v1/jobs/{job_id}/{path}", {}).status == 404
    assert client.get_job(job_id)["status"] == "awaiting_review"


def test_a_film_that_failed_is_mended_by_an_edit(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = started(suite, client, tmp_path, voice="en-XX-Nobody")
    job = ended(suite, client, job_id, status="failed")
    assert job["error"]["code"] == "voice-refused"
    edit(client, job_id, lambda _: None, options={"voice": None}, release=True)
    job = ended(suite, client, job_id)
    assert (job["epoch"], job["revision"], job["error"]) == (1, 1, None)


def test_a_slide_that_could_not_be_written_anew_can_be_wished_for_again(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client, writer = suite.client(), suite.url("gemini")
    job_id = started(suite, client, tmp_path, stop_at="deck")
    reviewed(client, job_id)
    path = f"/v1/jobs/{job_id}/deck/slides/s2/rewrite"
    wish = {"instruction": "Say that sand is fine."}
    request("POST", f"{writer}/_responses", {"kind": "wrong-schema", "count": 3})
    try:
        client.call("POST", path, {"revision": 0, **wish})
        job = ended(suite, client, job_id, status="failed")
    finally:
        request("DELETE", f"{writer}/_responses")
    assert (job["error"]["code"], job["revision"]) == ("deck-unusable", 1)
    told = deck_of(client, job_id)
    assert (told["revision"], told["current"]) == (0, False)
    client.call("POST", path, {"revision": told["revision"], **wish})
    reviewed(client, job_id, revision=2)
    assert "sand" in json.dumps(deck_of(client, job_id)["slides"][1]).lower()
    # The same deck once more is the same edit; with another speed it is somebody else's.
    stale = deck_of(client, job_id)
    edit(client, job_id, lambda _: None, options={"speed": 1.2})
    reviewed(client, job_id, revision=3)
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in stale["slides"]]
    kept = {name: stale[name] for name in ("title", "language", "theme", "aspect", "resolution")}
    body = {"revision": 2, "deck": {**kept, "slides": slides}, "options": {"speed": 1.2}}
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    with pytest.raises(ApiError) as other:
        client.call("PUT", f"/v1/jobs/{job_id}/deck", body | {"options": {"speed": 1.5}})
    assert other.value.code == "deck-changed"
    assert (client.get_job(job_id)["revision"], client.get_job(job_id)["options"]["speed"]) == (
        3,
        1.2,
    )


@pytest.mark.parametrize(
    "point",
    # The first costs a lease's time; a prompt's deck waits for it by default, this one does not.
    [pytest.param("after_work", marks=pytest.mark.sweep), "after_commit", "after_publish"],
)
def test_a_crash_while_an_edit_is_drawn_loses_neither_edit_nor_review(
    suite: SuiteHandle, tmp_path: Path, point: str
) -> None:
    client = suite.client()
    job_id = started(suite, client, tmp_path, stop_at="deck")
    reviewed(client, job_id)
    order = suite.crash_once(point, "slide_generation", job_id)
    edit(client, job_id, lambda deck: deck.update(theme="ember"))
    reviewed(client, job_id, revision=1)
    assert not order.exists()
    assert deck_of(client, job_id)["theme"] == "ember"
    client.call("POST", f"/v1/jobs/{job_id}/deck/release")
    ended(suite, client, job_id)


def test_uploaded_pictures_come_onto_the_slides(suite: SuiteHandle, tmp_path: Path) -> None:
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
    reviewed(client, job_id)
    told = deck_of(client, job_id)
    assert told["pictures"] == ["upload:picture1", "upload:picture2"]
    shown = [slide["picture"] for slide in told["slides"] if slide["picture"]]
    assert shown == ["upload:picture1", "upload:picture2"]
    place = next(n for n, slide in enumerate(told["slides"]) if slide["picture"])
    with zipfile.ZipFile(
        io.BytesIO(download_artifact(client, client.get_job(job_id), "slides.zip", tmp_path))
    ) as archive:
        name = archive.namelist()[place]
        with Image.open(io.BytesIO(archive.read(name))) as slide:
            x = 200 if place % 2 else 1100
            assert slide.convert("RGB").getpixel((x, 300)) == (255, 0, 0)


def test_an_operators_illustrator_draws_for_slides_that_show_none(
    suite: SuiteHandle, tmp_path: Path
) -> None:
    client = suite.client()
    here = {"MOODREEL_ILLUSTRATOR": "tests.fakes.illustrator:paper"}
    suite.restart("slide_generation", here)
    try:
        prompt = Prompt("Tell of paper", "Paper folds. A secret is kept. Ink dries. Glue holds.")
        job_id = started(suite, client, tmp_path, prompt, stop_at="deck")
        job = reviewed(client, job_id)
        pictures = [slide["picture"] for slide in deck_of(client, job_id)["slides"]]
        assert any(picture and picture.startswith("drawn:") for picture in pictures)
        edit(client, job_id, lambda _: None, release=True)
        ended(suite, client, job_id)
        declined = started(suite, client, tmp_path, prompt, pictures="own")
        job = ended(suite, client, declined)
        assert {slide["picture"] for slide in deck_of(client, declined)["slides"]} == {None}
        assert job["warnings"] == []
    finally:
        suite.restart("slide_generation")
