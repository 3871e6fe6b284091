"""Newcomers and regulars in the console: accounts, new jobs, uploads that break off, the camera."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from infra.local.cli.sample_clip import write_sample_clip
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import create_verified_client, sign_in

pytestmark = pytest.mark.suite

PASSWORD = "correct horse battery"
CHUNK_BYTES = 8 << 20


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "holiday.mp4"
    write_sample_clip(path, 3)
    return path


@pytest.fixture(scope="module")
def heavy(clip: Path) -> Path:
    """The same clip with 20 MB behind it that players skip: three pieces of an upload."""
    path = clip.with_name("heavy.mp4")
    padding = 20 << 20
    box = (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding)
    path.write_bytes(clip.read_bytes() + box)
    return path


def link_in_mail(suite: SuiteHandle, email: str, subject: str) -> str:
    mail = wait_until(
        lambda: [one for one in suite.list_emails(email) if one["subject"] == subject], subject
    )[-1]
    return next(line for line in str(mail["text"]).splitlines() if line.startswith("http"))


def fill(page: Page, email: str, password: str, button: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name=button).click()


def test_a_newcomer_makes_an_account_uploads_a_clip_and_watches_it_finish(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    email = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    page.goto(suite.url("console"))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "A video goes in. Its moments come out."
    )
    assert accessibility_violations(page) == []
    page.get_by_role("link", name="Make an account").click()
    fill(page, email, PASSWORD, "Make the account")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    # Nobody is let in before the letter's button is pressed; nor do they learn why.
    page.get_by_role("button", name="Sign in").click()
    fill(page, email, PASSWORD, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together, or")

    link = link_in_mail(suite, email, "Confirm your address")
    assert link.startswith(suite.url("console"))
    page.goto(link)
    expect(page.get_by_text(email)).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Confirm the address").click()
    page.locator("main").get_by_role("link", name="Sign in").click()
    fill(page, email, PASSWORD, "Sign in")
    expect(page.get_by_role("heading", name="Make your first job")).to_be_visible()
    assert accessibility_violations(page) == []

    page.get_by_role("link", name=re.compile("^Frames")).click()
    page.get_by_label("Your video").set_input_files(clip)
    expect(page.locator(".chosen")).to_contain_text("holiday.mp4")
    page.get_by_label("A picture every").fill("1/2")
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Make it").click()
    expect(page).to_have_url(re.compile(r"/jobs/[a-z0-9]{20}$"))
    expect(page.locator(".badge")).to_have_text("Done")
    with page.expect_download() as saved:
        row = page.get_by_role("listitem").filter(has_text="frames.zip")
        row.get_by_role("button", name="Download").click()
    assert saved.value.path().read_bytes()[:2] == b"PK"

    # A reload keeps the session; the list has the job, with a picture out of it.
    page.reload()
    page.get_by_role("link", name="Jobs", exact=True).first.click()
    listed = page.locator(".job-row", has_text="holiday.mp4")
    expect(listed).to_contain_text("Done")
    expect(listed.locator("img")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("link", name="Under way").click()
    expect(page.get_by_text("Nothing is under way.")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Make an account")).to_be_visible()
    page.goto(f"{suite.url('console')}/new")
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()


def test_a_forgotten_password_is_chosen_anew_on_a_page_of_the_console(
    suite: SuiteHandle, page: Page
) -> None:
    client = create_verified_client(suite)
    email = client.user.email
    page.goto(f"{suite.url('console')}/sign-in")
    page.get_by_role("button", name="Forgot the password?").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send the letter").click()
    link = link_in_mail(suite, email, "Choose a new password")
    page.goto(link)
    # The code is out of the address before anybody could copy it from there.
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    expect(page).to_have_url(f"{suite.url('console')}/email-action")
    page.get_by_label(f"New password for {email}").fill("a password of my own")
    page.get_by_role("button", name="Save the password").click()
    page.locator("main").get_by_role("link", name="Sign in").click()
    fill(page, email, "a password of my own", "Sign in")
    expect(page.get_by_role("heading", name="Make your first job")).to_be_visible()

    page.goto(link)
    expect(page.get_by_text("This link was used already")).to_be_visible()


class Uplink:
    """Listens to what is sent to the bucket, and holds up what begins at or behind a byte."""

    def __init__(self, page: Page, suite: SuiteHandle) -> None:
        self.sent: list[str] = []
        self.hold_from: int | None = None
        page.on("request", self._seen)
        page.route(f"{suite.url('gcs')}/**", self._pass)

    def _seen(self, request: Request) -> None:
        if request.method == "PUT":
            self.sent.append(request.headers.get("content-range", ""))

    def _pass(self, route: Route) -> None:
        found = re.match(r"bytes (\d+)-", route.request.headers.get("content-range", ""))
        if self.hold_from is not None and found and int(found[1]) >= self.hold_from:
            return
        route.continue_()


def test_an_upload_is_paused_and_goes_on_after_a_reload_where_it_stopped(
    suite: SuiteHandle, page: Page, heavy: Path
) -> None:
    client = create_verified_client(suite)
    sign_in(page, suite, client, "/new/frames")
    uplink = Uplink(page, suite)
    uplink.hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(heavy)
    page.get_by_role("button", name="Make it").click()
    row = page.locator(".upload")
    expect(row).to_contain_text("8.4 MB of")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    assert accessibility_violations(page) == []
    # Going on asks the bucket how far it is; it is held up again in the second piece.
    row.get_by_role("button", name="Resume").click()
    size = heavy.stat().st_size
    wait_until(lambda: page.evaluate("1") and f"bytes */{size}" in uplink.sent, "the question")

    page.reload()
    expect(row).to_contain_text("choose the same file")
    assert accessibility_violations(page) == []
    chooser = row.locator("input[type=file]")
    other = heavy.with_name("other.mp4")
    other.write_bytes(b"another file")
    chooser.set_input_files(other)
    expect(row.get_by_role("alert")).to_contain_text("This is not heavy.mp4")

    uplink.hold_from = None
    uplink.sent.clear()
    chooser.set_input_files(heavy)
    expect(page.locator(".badge")).to_have_text("Done")
    assert uplink.sent[0] == f"bytes */{size}"
    begun = [int(found[1]) for one in uplink.sent if (found := re.match(r"bytes (\d+)-", one))]
    assert begun
    assert min(begun) >= CHUNK_BYTES
    expect(row).to_have_count(0)


def test_signing_out_gives_up_uploads_only_when_a_person_says_so(
    suite: SuiteHandle, page: Page, heavy: Path
) -> None:
    sign_in(page, suite, create_verified_client(suite), "/new/frames")
    Uplink(page, suite).hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(heavy)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".upload")).to_contain_text("8.4 MB of")
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('moodreel.uploads.')).length"
    assert page.evaluate(kept) == 1

    page.get_by_role("button", name="Sign out").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("1 file is not up yet. Signing out gives it up.")
    assert accessibility_violations(page) == []
    asked.get_by_role("button", name="Stay").click()
    expect(asked).to_have_count(0)
    expect(page.locator(".upload")).to_be_visible()
    assert page.evaluate(kept) == 1

    page.get_by_role("button", name="Sign out").click()
    asked.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    wait_until(lambda: page.evaluate(kept) == 0, "nothing kept")


def test_a_lost_connection_is_waited_for_and_the_upload_goes_on_by_itself(
    suite: SuiteHandle, page: Page, heavy: Path
) -> None:
    sign_in(page, suite, create_verified_client(suite), "/new/frames")
    uplink = Uplink(page, suite)
    uplink.hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(heavy)
    page.get_by_role("button", name="Make it").click()
    row = page.locator(".upload")
    expect(row).to_contain_text("8.4 MB of")
    row.get_by_role("button", name="Pause").click()
    page.context.set_offline(True)
    row.get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("the connection is gone")
    offline = page.get_by_text("You are offline.")
    expect(offline).to_be_visible()
    assert accessibility_violations(page) == []
    uplink.hold_from = None
    page.context.set_offline(False)
    expect(offline).to_have_count(0)
    expect(page.locator(".badge")).to_have_text("Done")


def test_the_camera_records_a_clip_that_becomes_frames(suite: SuiteHandle, page: Page) -> None:
    sign_in(page, suite, create_verified_client(suite), "/new/frames")
    page.get_by_role("button", name="Record with the camera").click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator(".recording-indicator")).to_contain_text("0:02")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_label("What was recorded")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Use this recording").click()
    expect(page.locator(".chosen")).to_contain_text("webcam")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".badge")).to_have_text("Done")


def test_two_people_do_not_see_each_others_jobs_even_with_the_address(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    ann, bob = create_verified_client(suite), create_verified_client(suite)
    job_id = suite.start_job(ann, "frames", clip, title="Ann's secret")
    suite.wait_for_job(ann, job_id)
    sign_in(page, suite, ann)
    expect(page.get_by_text("Ann's secret")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Make an account")).to_be_visible()

    sign_in(page, suite, bob, f"/jobs/{job_id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("no such job")
    assert "Ann" not in page.content()
    page.goto(suite.url("console"))
    expect(page.get_by_role("heading", name="Make your first job")).to_be_visible()


def test_what_is_missing_is_said_before_anything_is_made(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    client = create_verified_client(suite)
    sign_in(page, suite, client, "/new")
    assert accessibility_violations(page) == []
    page.get_by_role("link", name=re.compile("^Emotions")).click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_label("Your video").set_input_files(
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"x"}
    )
    expect(page.get_by_text("song.mp3 is not a video.")).to_be_visible()
    make = page.get_by_role("button", name="Make it")
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
    # The law's own answer, as the API gives it.
    expect(page.get_by_text("prohibited by the EU AI Act")).to_be_visible()
    assert accessibility_violations(page) == []
    assert client.call("GET", "/v1/jobs")["jobs"] == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/new", "/new/presentation", "/nowhere"])
def test_pages_fit_a_phone_and_can_be_read_in_light_and_dark(
    suite: SuiteHandle, page: Page, path: str, colours: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    if path.startswith("/new"):
        sign_in(page, suite, create_verified_client(suite), path)
    else:
        page.goto(suite.url("console") + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert accessibility_violations(page) == []
