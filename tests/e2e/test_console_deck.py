"""Deck review in the console, in a browser over the running suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from shared.recipes.films.prompt import Prompt
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, wait_for

pytestmark = pytest.mark.suite

PICTURE_EXPRESSION = "document.querySelector('.slide > .picture img')"
STONES = Prompt(
    "Tell me about stones",
    "Basalt is dark. Granite is light. Slate splits well. Chalk is soft. Marble shines.",
)


def start_job_with_review(suite: SuiteHandle, client: Client, folder: Path) -> str:
    path = folder / "prompt.txt"
    path.write_bytes(STONES.to_bytes())
    options = {"slides": "4", "stop_at": "deck"}
    return suite.start_job(client, "presentation", path, options=options, title="Stones")


@pytest.mark.extended
def test_deck_is_edited_rewritten_and_released_as_a_film(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = start_job_with_review(suite, client, tmp_path)
    sign_in(page, suite, client, f"/jobs/{job_id}")
    # The page updates without a reload when the deck is ready.
    page.get_by_role("link", name="Review slides").click()
    outline = page.get_by_role("list", name="Slides")
    expect(outline.get_by_role("button")).to_have_count(4)
    outline.get_by_role("button").nth(1).click()
    wait_for(page, f"{PICTURE_EXPRESSION}?.naturalWidth > 0")
    before = page.evaluate(f"{PICTURE_EXPRESSION}.src")

    outline.get_by_role("button").nth(1).click()
    page.get_by_role("button", name="Delete").click()
    expect(outline.get_by_role("button")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(outline.get_by_role("button")).to_have_count(4)
    page.get_by_role("button", name="Redo").click()
    expect(outline.get_by_role("button")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(outline.get_by_role("button")).to_have_count(4)
    outline.get_by_role("button").nth(1).click()

    # An empty field is not an error before the user wants to save.
    page.get_by_label("Heading").fill("")
    expect(page.get_by_text("Write something here.")).to_have_count(0)
    page.get_by_role("button", name="Save and draw").click()
    expect(page.get_by_role("button", name="Save and draw")).to_be_disabled()
    expect(page.get_by_text("Write something here.").first).to_be_visible()
    assert accessibility_violations(page) == []
    messages: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        messages.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.get_by_role("link", name="Cameras").click()
    page.go_back()
    expect(page).to_have_url(f"{suite.url('console')}/jobs/{job_id}/deck")
    assert messages == ["Your changes to the slides are not saved. Leave without them?"] * 2
    page.get_by_label("Heading").fill("Quartz is hard")
    page.get_by_label("Spoken").fill("Quartz scratches glass.")
    page.get_by_text("Paper", exact=True).click()
    page.get_by_label("Voice", exact=True).select_option("en-GB-Standard-A")
    page.get_by_role("button", name="Listen to a sample").click()
    expect(page.get_by_label("Sample of en-GB-Standard-A")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Later").click()
    page.get_by_role("button", name="Save and draw").click()
    expect(page.get_by_text("Everything is saved and drawn")).to_be_visible()
    wait_for(
        page, f"{PICTURE_EXPRESSION}?.naturalWidth > 0 && {PICTURE_EXPRESSION}.src !== '{before}'"
    )
    deck = client.call("GET", f"/v1/jobs/{job_id}/deck")
    assert (deck["revision"], deck["theme"]) == (1, "paper")
    assert deck["slides"][2]["heading"] == "Quartz is hard"

    page.get_by_label("Have this slide written anew").fill("Say that gravel is noisy.")
    page.get_by_role("button", name="Write it anew").click()
    expect(page.get_by_label("Spoken")).not_to_have_value("Quartz scratches glass.")
    expect(page.get_by_role("button", name="Make the film")).to_be_enabled()
    page.get_by_role("button", name="Make the film").click()

    expect(page).to_have_url(f"{suite.url('console')}/jobs/{job_id}")
    chapters = page.get_by_role("list", name="Chapters").get_by_role("button")
    expect(chapters).to_have_count(4)
    expect(page.get_by_text("The voice is en-GB-Standard-A.")).to_be_visible()
    wait_for(page, "document.querySelector('video').readyState > 0")
    chapters.nth(2).click()
    wait_for(page, "!document.querySelector('video').seeking")
    expect(chapters.nth(2)).to_have_attribute("aria-current", "true")
    assert page.evaluate("document.querySelector('video').currentTime") > 1
    tracks = "document.querySelector('video').textTracks"
    assert accessibility_violations(page) == []
    page.evaluate(f"{tracks}[0].mode = 'showing'")
    wait_for(page, f"{tracks}[0].cues?.length > 0")


@pytest.mark.extended
def test_concurrent_edits_do_not_overwrite_each_other(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    client = suite.client()
    job_id = start_job_with_review(suite, client, tmp_path)
    sign_in(page, suite, client, f"/jobs/{job_id}/deck")
    expect(page.get_by_label("Heading")).to_have_value("Tell me about stones")
    page.get_by_label("Heading").fill("My own heading")
    deck = client.call("GET", f"/v1/jobs/{job_id}/deck")
    names = ("title", "language", "theme", "aspect", "resolution")
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in deck["slides"]]
    slides[0]["heading"] = "Somebody else's"
    body = {"revision": 0, "deck": {name: deck[name] for name in names} | {"slides": slides}}
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    status = page.locator(".edit-status")
    expect(status).to_have_text("You have changes that are not saved.")

    # The saved edit of the other user does not replace the text in this form.
    expect(page.get_by_label("Heading")).to_have_value("My own heading")
    # A draft of an older revision is not restored: it would undo the newer edit.
    page.reload()
    expect(page.get_by_label("Heading")).to_have_value("Somebody else's")
    page.get_by_label("Heading").fill("My own heading")
    page.reload()
    expect(page.get_by_text("Changes from your last visit were restored.")).to_be_visible()
    expect(page.get_by_label("Heading")).to_have_value("My own heading")
    assert accessibility_violations(page) == []

    body["revision"] = 1
    slides[0]["heading"] = "Somebody else's again"
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    page.get_by_role("button", name="Save and draw").click()
    page.get_by_role("button", name="Keep my changes").click()
    expect(page.get_by_label("Heading")).to_have_value("My own heading")
    page.get_by_role("button", name="Save and draw").click()
    expect(page.get_by_text("Everything is saved and drawn")).to_be_visible()
    deck = client.call("GET", f"/v1/jobs/{job_id}/deck")
    assert (deck["revision"], deck["slides"][0]["heading"]) == (3, "My own heading")

    page.get_by_label("Heading").fill("Another one")
    body["revision"] = 3
    client.call("PUT", f"/v1/jobs/{job_id}/deck", body)
    page.get_by_role("button", name="Save and draw").click()
    page.get_by_role("button", name="Load the newer deck").click()
    expect(page.get_by_label("Heading")).to_have_value("Somebody else's again")
