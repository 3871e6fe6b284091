"""Jobs are listed newest first, and found by their title and the time of their creation."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.api.jobs.handlers import MAX_SEARCHED
from functions.api.routes import ROUTES
from shared.jobs.creation import new_job
from shared.pipeline import RECIPES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW

TITLES = ("Hafen.mp4", "Café in Köln", "CAFETERIA", "harbour", "Straße")


def add_jobs(api: AppHarness, titles: tuple[str, ...], owner: str = "alice") -> None:
    """Adds a job per title, one a minute, oldest first."""
    for n, title in enumerate(titles):
        created_at = NOW + timedelta(minutes=n)
        api.store.commit(
            new_job(
                job_id=f"{owner[0]}{n:019d}", owner=owner, email="", recipe=RECIPES["frames"],
                title=title, options={}, inputs=(), now=created_at, expires_at=NOW,
            )
        )  # fmt: skip


@pytest.fixture
def api() -> AppHarness:
    harness = AppHarness(ROUTES)
    add_jobs(harness, TITLES)
    add_jobs(harness, ("Café of Bob",), owner="bob")
    return harness


def list_page(api: AppHarness, **query: Any) -> tuple[list[str], str | None]:
    """Returns the titles of a page, and the cursor of the next one."""
    response = api.request("GET", f"/v1/jobs?{urlencode(query)}", headers=ALICE_HEADERS)
    assert response.status_code == 200, response.json
    return [job["title"] for job in response.json["jobs"]], response.json["next_cursor"]


def list_all(api: AppHarness, **query: Any) -> list[str]:
    """Returns the titles of all pages."""
    titles, cursor = list_page(api, **query)
    while cursor:
        page, cursor = list_page(api, **query, cursor=cursor)
        titles += page
    return titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("cafe", ["CAFETERIA", "Café in Köln"]), ("KÖLN", ["Café in Köln"]),
        ("koln", ["Café in Köln"]), ("STRASSE", ["Straße"]), ("h", ["harbour", "Hafen.mp4"]),
        ("nothing", []), ("in  köln", []), ("%", []),
    ],
)  # fmt: skip
def test_jobs_are_found_by_a_text_in_their_title(
    api: AppHarness, text: str, titles: list[str]
) -> None:
    assert list_all(api, q=text) == titles
    assert list_all(api, q=text, limit=1) == titles


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_jobs_are_listed_between_two_times(api: AppHarness, limit: int) -> None:
    def at(minute: int) -> str:
        return (NOW + timedelta(minutes=minute)).isoformat()

    newest_first = list(TITLES[::-1])
    assert list_all(api, limit=limit) == newest_first
    assert list_all(api, limit=limit, created_after=at(2)) == newest_first[:2]
    assert list_all(api, limit=limit, created_before=at(2)) == newest_first[3:]
    assert (
        list_all(api, limit=limit, created_after=at(0), created_before=at(4)) == (newest_first[1:4])
    )
    assert list_all(api, limit=limit, q="h", created_before=at(3)) == ["Hafen.mp4"]


def test_search_reads_a_limited_number_of_jobs_for_a_page() -> None:
    api = AppHarness(ROUTES)
    add_jobs(api, ("wanted", *("other",) * (MAX_SEARCHED + 150)))
    api.store.documents_read = 0
    titles, cursor = list_page(api, q="wanted")

    assert titles == []
    assert cursor is not None
    assert MAX_SEARCHED <= api.store.documents_read <= MAX_SEARCHED + 10
    assert list_page(api, q="wanted", cursor=cursor) == (["wanted"], None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=", "q"), (f"q={'x' * 101}", "q"), ("created_after=yesterday", "created_after"),
        ("created_before=2026-11-30T00:00:00", "created_before"),
        ("created_before=0.5", "created_before"),
        ("created_after=1780000000", "created_after"),
    ],
)  # fmt: skip
def test_invalid_filter_is_refused(api: AppHarness, query: str, field: str) -> None:
    refused = api.request("GET", f"/v1/jobs?{query}", headers=ALICE_HEADERS)

    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert refused.json["errors"][0]["message"].endswith(".")


@pytest.mark.parametrize("hours", [-11, 5, 14])
def test_times_may_have_any_offset(api: AppHarness, hours: int) -> None:
    moment = (NOW + timedelta(minutes=2)).astimezone(timezone(timedelta(hours=hours)))

    assert list_all(api, created_after=moment.isoformat()) == ["Straße", "harbour"]
