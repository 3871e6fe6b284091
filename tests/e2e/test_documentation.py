"""The viewer of the API's documentation in Chromium, over an API in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from functions.api.routes import ROUTES
from infra.local.setup.console import VIEWER_FOLDER
from infra.local.setup.tools import prepare_console_build
from tests.fakes.application import SETTINGS, AppHarness
from tests.fixtures.served_application import serve

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of an API with the viewer."""
    files = prepare_console_build(print) / VIEWER_FOLDER
    settings = replace(SETTINGS, viewer_files=str(files))
    with serve(AppHarness(ROUTES, settings=settings)) as url:
        yield url


@pytest.mark.extended
def test_operations_are_shown_with_examples_and_can_be_tried(page: Page, address: str) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"{address}/v1/docs")
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))

    health = page.locator("#operations-About-health")
    health.locator(".opblock-summary-control").click()
    health.get_by_role("button", name="Try it out").click()
    health.get_by_role("button", name="Execute").click()
    answer = health.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_have_text("200")
    expect(answer).to_contain_text('"ok"')

    # A phone shows the form of a new job, with an example of each recipe.
    page.set_viewport_size(PHONE)
    new_job = page.locator("#operations-Jobs-create_job")
    new_job.locator(".opblock-summary-control").click()
    new_job.get_by_role("button", name="Try it out").click()
    new_job.locator(".examples-select select").first.select_option("presentation")
    body = new_job.locator("textarea.body-param__text")
    expect(body).to_contain_text("Explain photosynthesis")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # Chromium reports what the Content-Security-Policy blocks.
    assert refused == []
