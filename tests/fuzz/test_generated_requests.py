"""Requests that schemathesis generates, to an API in this process: with its code, a job store in
memory and the Cloud Storage emulator. A case costs a fraction of one over a whole suite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.recipes.films.voices import Voice
from shared.runtime.logs import log
from shared.runtime.service_lists import CachedList, VoiceList
from shared.runtime.services import SystemClock
from shared.runtime.settings import Settings
from tests.fakes.application import SETTINGS, AppHarness
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.served_application import serve
from tests.fixtures.stage_harness import StageHarness
from tests.fuzz.schemathesis_runs import run_schemathesis

AUTHORIZATION = ("-H", "Authorization: Bearer alice")
WITHOUT_ACCOUNTS = ("--exclude-path-regex", "^/v1/(accounts/|me$|me/password$|voices/)")
"""Without operations that call Firebase Auth or Text-to-Speech, of which this process has none."""
QUOTAS: dict[str, Any] = {
    field.name: 10**9
    for field in fields(Settings)
    if field.name.endswith("_per_minute") or field.name in ("max_open_jobs", "max_cameras")
}


@pytest.fixture
def url(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the API."""
    clock, voices = SystemClock(), (Voice("en-US-Neural2-C", ("en-US",), "FEMALE"),)
    listed = VoiceList(lambda: voices, clock, log, ("Neural2",))
    languages = CachedList("recognition_languages", lambda: ("en-US",), clock, log)
    monkeypatch.setattr(bootstrap, "voices", lambda: listed)
    monkeypatch.setattr(bootstrap, "recognition_languages", lambda: languages)
    settings = replace(SETTINGS, **QUOTAS)
    objects = StageHarness.create(gcs).objects
    with serve(AppHarness(ROUTES, settings=settings, objects=objects)) as url:
        yield url


def test_a_thousand_requests_find_no_failure(url: str, tmp_path: Path) -> None:
    arguments = ("--max-examples", "14", "--phases", "examples,fuzzing,stateful")

    count = run_schemathesis(url, tmp_path, *AUTHORIZATION, *WITHOUT_ACCOUNTS, *arguments)

    print(f"{count} cases")
    assert count >= 1000


@pytest.mark.sweep
def test_ten_thousand_requests_find_no_failure(url: str, tmp_path: Path) -> None:
    arguments = ("--max-examples", "90", "--seed", "3")

    count = run_schemathesis(url, tmp_path, *AUTHORIZATION, *WITHOUT_ACCOUNTS, *arguments)

    print(f"{count} cases")
    assert count >= 10_000
