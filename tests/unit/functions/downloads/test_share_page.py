"""The page of a share link: what it shows, what it never discloses, and who may embed it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.api.routes import ROUTES as API_ROUTES
from functions.downloads.routes import ROUTES
from functions.downloads.share_page.cues import TimedText, parse_cues
from functions.downloads.share_page.parts import MAX_TEXT_BYTES
from shared.capabilities import hash_capability
from shared.errors import SourceExpired
from shared.flows.documents import Update
from shared.jobs.share_links import new_share, share_path
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact, StoredObject
from shared.subtitles.cues import Cue
from shared.subtitles.formats import to_vtt
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.clock import START, ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.emails import Tags
from tests.fixtures.jobs import put_job

TOKEN = "ab" * 24
FILE = f"/v1/media/share/{TOKEN}"
VTT = to_vtt([Cue(0, 1500, ("Good <b>morning</b>",)), Cue(3_662_000, 3_663_000, ("a", "b"))])
STYLE = Path("functions/downloads/share_page/share.css")
TOKENS = Path("functions/console/web/src/style/tokens.css")


def make_artifact(name: str, kind: str, content_type: str, size_bytes: int = 9) -> Artifact:
    return Artifact(name, kind, "outputs", f"jobs/x/{name}", 7, size_bytes, content_type)


FILM = make_artifact("film.mp4", "film", "video/mp4", 9_000_000)
POSTER = make_artifact("poster.jpg", "poster", "image/jpeg")
CAPTIONS = make_artifact("subtitles.vtt", "subtitles", "text/vtt; charset=utf-8", len(VTT))
CHAPTERS = make_artifact("chapters.vtt", "chapters", "text/vtt; charset=utf-8", len(VTT))
ANNOTATED = make_artifact("annotated.mp4", "annotated", "video/mp4")
CHART = make_artifact("timeline.png", "chart", "image/png")
TIMELINE = make_artifact("emotions.json", "timeline", "application/json")
FILM_FILES = (FILM, POSTER, CAPTIONS, CHAPTERS)


class Objects:
    """An object store whose objects have the text VTT; `missing` are gone."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        return StoredObject(bucket, name, 7, len(VTT))

    def range_reader(self, _: Bucket, name: str, __: int) -> Callable[[int, int], bytes]:
        def read(start: int, length: int) -> bytes:
            if name in self.missing:
                raise SourceExpired("It is gone.")
            return VTT.encode()[start : start + length]

        return read


class Shared:
    """A share link to the first of some artifacts of a job."""

    def __init__(self, *artifacts: Artifact, title: str = "Our film", **fields: Any) -> None:
        self.store, self.objects = MemoryJobStore(), Objects()
        rows = [artifact.to_dict() for artifact in artifacts]
        job = put_job(
            self.store, status="done", title="Secret title", artifacts=rows, created_at=START,
            **fields,
        )  # fmt: skip
        expires_at = START + timedelta(days=7)
        share = new_share(TOKEN, job, artifacts[0].name, START, expires_at, title)
        self.store.commit([share])
        options: Any = {"store": self.store, "clock": ManualClock(), "objects": self.objects}
        self.downloads, self.api = AppHarness(ROUTES, **options), AppHarness(API_ROUTES, **options)

    def get(self, path: str = "/page") -> Any:
        return self.downloads.request("GET", f"{FILE}{path}")


def test_film_plays_with_captions_chapters_and_transcript() -> None:
    page = Shared(*FILM_FILES).get()
    tags = Tags(page.text)
    video = dict(tags.tags)["video"]
    times = [attributes["data-at"] for _, attributes in tags.tags if "data-at" in attributes]

    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert (video["src"], video["poster"]) == (f"{FILE}?disposition=inline", f"{FILE}/poster")
    assert dict(tags.tags)["track"]["src"] == f"{FILE}/captions"
    assert times == ["0.0", "3662.0"] * 2
    assert "Good <b>morning</b>" in tags.texts
    assert "1:01:02" in tags.texts
    assert FILE in tags.links
    assert "until 28 November 2026, 12:00 UTC" in tags.text
    assert Shared(*FILM_FILES).get("/captions").data == VTT.encode()


def test_page_works_without_script_and_loads_only_its_own_files() -> None:
    page = Shared(*FILM_FILES).get()
    policy = page.headers["Content-Security-Policy"]
    sources = re.findall(r'(?:src|href)="([^"]*)"', page.text)

    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>| on\w+=| style=", page.text)
    assert all(url.startswith(("/v1/media/", "data:,")) for url in sources)
    assert f"{FILE}?disposition=inline#t=3662.0" in sources
    for name in ("share.js", "share.css"):
        assert Shared(FILM).downloads.request("GET", f"/v1/media/page/{name}").status_code == 200


def test_only_the_player_may_be_embedded() -> None:
    shared = Shared(*FILM_FILES)
    for path in ("/page", "", "/captions", "/poster"):
        policy = shared.get(path).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
    embed = shared.get("/embed")

    assert embed.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert [tag for tag, _ in Tags(embed.text).tags if tag in ("video", "track", "ol", "h2")] == [
        "video", "track",
    ]  # fmt: skip
    assert Shared(CHART).get("/embed").status_code == 404


def test_link_discloses_no_title_that_its_owner_did_not_give() -> None:
    for artifact in (FILM, CHART, TIMELINE):
        for path in ("/page", "/embed"):
            assert "Secret" not in Shared(artifact, *FILM_FILES, title="").get(path).text
    assert "<title>Our film · Moodreel</title>" in Shared(*FILM_FILES).get().text


@pytest.mark.parametrize("title", ["<script>x()</script>", '"><img src=x>', "{{ 7 * 7 }}"])
def test_title_and_captions_are_escaped(title: str) -> None:
    tags = Tags(Shared(*FILM_FILES, title=title).get().text)

    assert title in tags.texts
    assert tags.open == []
    assert [tag for tag, _ in tags.tags].count("script") == 1
    assert not {"img", "b"} & {tag for tag, _ in tags.tags}


def test_preview_of_the_link_has_the_poster_but_not_of_scored_faces() -> None:
    image = f'property="og:image" content="{SETTINGS.public_url}{FILE}/poster"'
    scored: dict[str, Any] = {"recipe": "recap", "options": {"consent": True}}

    assert image in Shared(*FILM_FILES).get().text
    assert "og:image" not in Shared(*FILM_FILES, **scored).get().text
    assert "og:image" not in Shared(CHART, POSTER).get().text


def test_analysis_of_emotions_shows_only_what_is_shared() -> None:
    """Also no text of what is said in the video."""
    files = (ANNOTATED, CHART, TIMELINE, POSTER, CHAPTERS, CAPTIONS)
    page = Shared(*files, recipe="emotions", options={"consent": True})

    assert dict(Tags(page.get().text).tags)["video"].get("poster") is None
    assert not re.search(r"timeline\.png|emotions\.json|data-at|morning|<track", page.get().text)
    assert (page.get("/poster").status_code, page.get("/captions").status_code) == (404, 404)
    assert page.get("/embed").status_code == 200
    chart = Shared(CHART, *files)
    assert f'<img src="{FILE}?disposition=inline"' in chart.get().text
    assert chart.get("/poster").status_code == 404


def test_captions_in_the_pictures_are_not_shown_twice() -> None:
    assert "<track" not in Shared(*FILM_FILES, options={"subtitles": "burned"}).get().text
    burned = make_artifact("burned.mp4", "captioned", "video/mp4")
    page = Shared(burned, CAPTIONS).get().text
    assert "<track" not in page
    assert "morning" in page


def test_page_without_its_texts_is_still_served() -> None:
    shared = Shared(*FILM_FILES)
    shared.objects.missing = {CAPTIONS.object, CHAPTERS.object}
    large = replace(CAPTIONS, size_bytes=MAX_TEXT_BYTES + 1)

    assert "<video" in shared.get().text
    assert "Transcript" not in shared.get().text
    assert "Transcript" not in Shared(FILM, large).get().text
    assert "Download readings.bin" in Shared(make_artifact("readings.bin", "x", "x/y")).get().text


@pytest.mark.parametrize(
    ("change", "status"), [({"revoked": True}, 410), ({"expires_at": START}, 410)]
)
def test_link_that_is_over_has_no_page(change: dict[str, Any], status: int) -> None:
    shared = Shared(*FILM_FILES)
    shared.store.commit([Update(share_path(hash_capability(TOKEN)), change)])

    for path in ("/page", "/embed", "/poster", "/captions"):
        assert shared.get(path).status_code == status


def test_browser_gets_the_page_and_a_program_the_file() -> None:
    api = Shared(*FILM_FILES).api
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = api.request("GET", f"/v1/share/{TOKEN}", headers=browser)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{SETTINGS.public_url}{FILE}/page"
    assert "Accept" in answer.headers["Vary"]


def test_opening_the_page_is_no_use_of_the_link() -> None:
    shared = Shared(*FILM_FILES)
    for path in ("/page", "/embed", "/captions"):
        shared.get(path)
    (share,) = shared.store.read([share_path(hash_capability(TOKEN))])

    assert share is not None
    assert share.data["uses"] == 0


def test_cues_are_read_as_they_are_written() -> None:
    assert parse_cues(VTT) == (TimedText(0.0, "Good <b>morning</b>"), TimedText(3662.0, "a b"))
    assert parse_cues("WEBVTT\r\n\r\nNOTE x\r\n\r\n1\r\n01:02.500 --> 01:03.000\r\nHi\r\n") == (
        TimedText(62.5, "Hi"),
    )
    assert parse_cues("") == parse_cues("not a caption") == ()


def test_colours_are_those_of_the_console() -> None:
    tokens = set(re.findall(r"--[a-z-]+: light-dark\([^)]*\)", TOKENS.read_text()))
    assert set(re.findall(r"--[a-z-]+: light-dark\([^)]*\)", STYLE.read_text())) <= tokens
