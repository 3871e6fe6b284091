"""The console: accounts, new jobs, webcam recordings."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, sign_out

pytestmark = pytest.mark.suite

PASSWORD = "correct horse battery"


def link_from_email(suite: SuiteHandle, email: str, subject: str) -> str:
    message = wait_until(
        lambda: [row for row in suite.list_emails(email) if row["subject"] == subject], subject
    )[-1]
    return next(line for line in str(message["text"]).splitlines() if line.startswith("http"))


def open_link_from_inbox(page: Page, inbox: str, subject: str) -> Page:
    """Opens the first link of an email from the local inbox, as a person does. Returns the new tab.

    The page lists emails once they arrive: it reloads by itself.
    """
    page.goto(inbox)
    page.get_by_role("link", name=subject).first.click()
    with page.expect_popup() as popup:
        page.frame_locator("iframe").get_by_role("link").first.click()
    return popup.value


def submit_credentials(page: Page, email: str, password: str, button: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name=button).click()


def test_new_user_registers_uploads_a_clip_and_gets_frames(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    email = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    page.goto(suite.url("console"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "A video goes in. Its moments come out."
    )
    assert accessibility_violations(page) == []
    page.locator("main").get_by_role("link", name=re.compile("^Frames")).click()
    page.get_by_label("E-mail").fill(email)
    page.locator("main").get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("It was sent once more.")).to_be_visible()
    assert accessibility_violations(page) == []

    inbox = page.get_by_role("link", name="Open the local inbox").get_attribute("href") or ""

    # Sign-in is refused before the address is confirmed, with the message for a wrong password.
    page.get_by_role("button", name="Sign in").click()
    submit_credentials(page, email, PASSWORD, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together, or")

    page = open_link_from_inbox(page, inbox, "Confirm your address")
    expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()
    expect(page).to_have_url(f"{suite.url('console')}/email-action")
    assert accessibility_violations(page) == []
    page.get_by_label(f"Password for {email}").fill(PASSWORD)
    page.get_by_role("button", name="Confirm the address").click()
    expect(page.get_by_role("heading", name="The address is confirmed")).to_be_visible()
    page.locator("main").get_by_role("link", name="Sign in").click()
    submit_credentials(page, email, PASSWORD, "Sign in")
    # The recipe that the visitor had chosen before creating the account.
    expect(page).to_have_url(f"{suite.url('console')}/new/frames")
    page.get_by_label("Your video").set_input_files(clip)
    expect(page.locator(".chosen")).to_contain_text("holiday.mp4")
    page.get_by_label("A picture every").fill("often")
    page.get_by_role("button", name="Create job").click()
    expect(page.get_by_label("A picture every")).to_be_focused()
    expect(page.get_by_label("A picture every")).to_have_attribute("aria-invalid", "true")
    assert accessibility_violations(page) == []
    page.get_by_label("A picture every").fill("1/2")
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Create job").click()
    expect(page).to_have_url(re.compile(r"/jobs/[a-z0-9]{20}$"))
    expect(page.locator(".badge")).to_have_text("Done")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
        page.get_by_role("menuitem", name="frames.zip").click()
    assert saved.value.path().read_bytes()[:2] == b"PK"

    # A reload keeps the session. The list shows the job with one of its pictures.
    page.reload()
    page.get_by_role("link", name="Jobs", exact=True).first.click()
    listed = page.locator(".job-row", has_text="holiday.mp4")
    expect(listed).to_contain_text("Done")
    expect(listed.locator("img")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_label("Search titles").fill("HOLI")
    expect(listed).to_contain_text("Done")
    page.get_by_label("Search titles").fill("nowhere")
    expect(page.get_by_text("No title contains “nowhere”.")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("link", name="In progress").click()
    expect(page.get_by_text("Nothing is in progress.")).to_be_visible()
    # The server filters: there is no limit to the newest jobs.
    page.get_by_role("link", name="Done", exact=True).click()
    expect(listed).to_be_visible()

    sign_out(page)
    expect(page.get_by_role("link", name="Make an account")).to_be_visible()
    page.goto(f"{suite.url('console')}/new")
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()


@pytest.mark.extended
def test_forgotten_password_is_reset_in_the_console(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    email = client.user.email
    page.goto(f"{suite.url('console')}/sign-in")
    page.get_by_role("button", name="Forgot the password?").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send the letter").click()
    link = link_from_email(suite, email, "Choose a new password")
    other_tab = page.context.new_page()
    other_tab.goto(link)
    page.goto(link)
    # The page has removed the code from the address bar.
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    expect(page).to_have_url(f"{suite.url('console')}/email-action")
    page.get_by_label(f"New password for {email}").fill("a password of my own")
    page.get_by_role("button", name="Save the password").click()
    page.locator("main").get_by_role("link", name="Sign in").click()
    submit_credentials(page, email, "a password of my own", "Sign in")
    expect(page.get_by_role("heading", name="Create your first job")).to_be_visible()

    page.goto(link)
    expect(page.get_by_text("This link was used already")).to_be_visible()
    # The sign-in has reached the other tab, whose page is mounted again and checks its code again.
    expect(other_tab.get_by_text("This link was used already")).to_be_visible()
    expect(other_tab.get_by_role("link", name="Ask for a new letter")).to_be_visible()


@pytest.mark.extended
def test_webcam_recording_becomes_frames(suite: SuiteHandle, page: Page) -> None:
    sign_in(page, suite, suite.client(), "/new/frames")
    page.get_by_role("button", name="Record with the camera").click()
    page.get_by_role("button", name="Start recording").click()
    # A busy browser may skip a second.
    expect(page.locator(".recording-indicator")).to_contain_text(
        re.compile("0:(0[2-9]|[1-5][0-9])")
    )
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_label("What was recorded")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Use this recording").click()
    expect(page.locator(".chosen")).to_contain_text("webcam")
    page.get_by_role("button", name="Create job").click()
    expect(page.locator(".badge")).to_have_text("Done")


def test_user_cannot_see_the_job_of_another_user(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    ann, bob = suite.client(), suite.client()
    job_id = suite.start_job(ann, "frames", clip, title="Ann's secret")
    suite.wait_for_job(ann, job_id)
    sign_in(page, suite, ann)
    expect(page.get_by_text("Ann's secret")).to_be_visible()
    sign_out(page)
    expect(page.get_by_role("link", name="Make an account")).to_be_visible()

    sign_in(page, suite, bob, f"/jobs/{job_id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("no such job")
    assert "Ann" not in page.content()
    page.goto(suite.url("console"))
    expect(page.get_by_role("heading", name="Create your first job")).to_be_visible()


def test_missing_and_prohibited_input_is_reported_in_the_form(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/new")
    assert accessibility_violations(page) == []
    page.get_by_role("link", name=re.compile("^Emotions")).click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_label("Your video").set_input_files(
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b""}
    )
    expect(page.get_by_text("song.mp3 is empty.")).to_be_visible()
    make = page.get_by_role("button", name="Create job")
    make.click()
    choose = page.get_by_role("button", name="Choose a file")
    expect(choose).to_have_accessible_description("Choose a video first.")
    expect(choose).to_be_focused()
    assert accessibility_violations(page) == []
    page.get_by_label("Your video").set_input_files(clip)
    make.click()
    expect(page.get_by_text("State that the people filmed agreed")).to_be_visible()
    page.get_by_label("The people filmed agreed").check()
    page.get_by_label("What the scores are for").fill("employee monitoring")
    make.click()
    # The API refuses the purpose with a reference to the law.
    expect(page.get_by_text("prohibited by the EU AI Act")).to_be_visible()
    assert accessibility_violations(page) == []
    assert client.call("GET", "/v1/jobs")["jobs"] == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/new", "/new/presentation", "/nowhere"])
@pytest.mark.extended
def test_pages_fit_a_phone_in_light_and_dark(
    suite: SuiteHandle, page: Page, path: str, colours: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    if path.startswith("/new"):
        sign_in(page, suite, suite.client(), path)
    else:
        page.goto(suite.url("console") + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert accessibility_violations(page) == []
