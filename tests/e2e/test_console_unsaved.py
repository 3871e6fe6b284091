"""Work that is not stored yet: leaving a page, and a session that expires."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from infra.local.suite.handle import SuiteHandle
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, sign_out
from tests.fixtures.suite.users import update_account

pytestmark = pytest.mark.suite


class DialogAnswers:
    """Answers the browser's dialogs and records their types and messages."""

    def __init__(self, page: Page) -> None:
        self.accept = False
        self.asked: list[tuple[str, str]] = []
        page.on("dialog", self._answer)

    def _answer(self, dialog: Dialog) -> None:
        self.asked.append((dialog.type, dialog.message))
        if self.accept:
            dialog.accept()
        else:
            dialog.dismiss()


@pytest.mark.extended
def test_recording_and_form_are_not_lost_by_a_click(suite: SuiteHandle, page: Page) -> None:
    sign_in(page, suite, suite.client(), "/new")
    page.get_by_role("link", name=re.compile("^Frames")).click()
    answers = DialogAnswers(page)
    page.get_by_role("button", name="Record with the camera").click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator(".recording-indicator")).to_be_visible()
    page.get_by_role("link", name="Cameras").click()
    assert answers.asked == [("confirm", "Your recording is not saved. Leave and discard it?")]
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("link", name="Cameras").click()
    page.get_by_role("button", name="Use this recording").click()
    expect(page.locator(".chosen")).to_contain_text("webcam")

    page.get_by_role("link", name="Cameras").click()
    assert "not created yet" in answers.asked[-1][1]
    with page.expect_event("dialog"):
        page.evaluate("setTimeout(() => history.back())")
    with page.expect_event("dialog"):
        page.evaluate("setTimeout(() => location.reload())")
    assert [kind for kind, _ in answers.asked[3:]] == ["confirm", "beforeunload"]
    expect(page.locator(".chosen")).to_contain_text("webcam")
    answers.accept = True
    page.get_by_role("link", name="Cameras").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cameras")
    answers.asked.clear()
    page.get_by_role("link", name="New job", exact=True).click()
    assert answers.asked == []


def test_expired_session_keeps_the_form(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/new/presentation")
    prompt = page.get_by_label("What is the film about?")
    prompt.fill("How tides work")
    other_tab = page.context.new_page()
    other_tab.goto(f"{suite.url('console')}/new")
    expect(other_tab.get_by_role("button", name="Account of ")).to_be_visible()
    # The API remembers accepted tokens for a minute.
    update_account(suite, client.user.uid, {"disableUser": True})
    suite.restart("api")

    page.get_by_role("button", name="Create job").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    update_account(suite, client.user.uid, {"disableUser": False})
    dialog.get_by_label("Password").fill("not my password")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.locator(".error-text")).to_be_visible()
    dialog.get_by_label("Password").fill(client.user.password)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(prompt).to_have_value("How tides work")
    page.get_by_role("button", name="Create job").click()
    expect(page.get_by_role("heading", name="How tides work")).to_be_visible()

    # A sign-out in one tab is one in all: no page of the user stays visible.
    sign_out(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in first")
    expect(other_tab.get_by_role("heading", level=1)).to_have_text("Sign in first")
    expect(other_tab.get_by_role("dialog")).to_have_count(0)
