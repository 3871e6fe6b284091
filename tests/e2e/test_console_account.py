"""The account pages: usage, email, shared links, profile, webhooks, export and erasure."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fakes.webhook_receiver import running_receiver
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.data_requests import make_request_due
from tests.fixtures.suite.link_uses import read_uses
from tests.fixtures.webhooks import load_readme_verifier

pytestmark = pytest.mark.suite


def open_account_page(page: Page, title: str) -> None:
    """Opens a page of the account by its link and waits for its heading."""
    page.get_by_role("navigation", name="Account").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.extended
def test_usage_emails_shares_and_password_of_an_account(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path, title="Meadow")
    suite.wait_for_job(client, job_id)
    wait_until(lambda: suite.list_emails(client.user.email), "the e-mail")
    sign_in(page, suite, client, "/account")
    expect(page.get_by_role("meter", name=re.compile(r"Storage: .+ of .+B"))).to_be_visible()
    expect(page.get_by_text("Jobs done").locator("..")).to_contain_text("1")
    assert accessibility_violations(page) == []

    open_account_page(page, "E-mail")
    expect(page.get_by_role("link", name="Ready: Meadow")).to_be_visible()
    # A busy machine may need minutes until here.
    expect(page.get_by_text(re.compile(r"Sent (just now|\d+ minutes? ago)"))).to_be_visible()
    page.get_by_label("A job is done").uncheck()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert client.call("GET", "/v1/me/preferences")["mail"]["done"] is False
    assert accessibility_violations(page) == []

    open_account_page(page, "Shared links")
    expect(page.get_by_text("Not opened yet")).to_be_visible()
    # The page does not have the URL: it is in the email only.
    lines = [line for mail in suite.list_emails(client.user.email) for line in mail["text"].split()]
    [link] = [line for line in lines if "/v1/share/" in line]
    assert link not in page.content()
    token = link.rsplit("/", 1)[1]
    wait_until(lambda: page.request.get(link).ok and read_uses(suite, token), "a counted use")
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("Opened once")).to_be_visible()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()
    assert page.request.get(link).status in (403, 404, 410)

    open_account_page(page, "Profile")
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_text("Saved.").last).to_be_visible()
    page.get_by_label("The one you have").fill("not my password")
    page.get_by_label("The new one").fill("a password of my own")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_label("The one you have").fill(client.user.password)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    # The change revokes earlier tokens, and the page has a new one.
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Ada")


def test_api_key_is_created_used_and_deleted(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/account/api-keys")
    page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("nightly batch")
    dialog.get_by_label("Cameras").select_option("Read")
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Create").click()

    key = dialog.get_by_label("The API key").input_value()
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("listitem").filter(has_text="nightly batch")
    expect(row).to_contain_text("Jobs: read and change · Cameras: read")
    expect(row).to_contain_text("Never used")
    assert key not in page.content()
    headers = {"Authorization": f"Bearer {key}"}
    assert page.request.get(f"{suite.url('api')}/v1/jobs", headers=headers).ok
    assert page.request.get(f"{suite.url('api')}/v1/webhooks", headers=headers).status == 403
    page.reload()
    expect(row).to_contain_text("Last used just now")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("You have no API keys.")).to_be_visible()


@pytest.mark.extended
def test_webhook_is_added_tested_and_replayed(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/account/webhooks")
    expect(page.get_by_text("No server is called yet.")).to_be_visible()
    with running_receiver(204) as receiver:
        page.get_by_role("button", name="Add a server").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("URL").fill("ftp://example.org")
        dialog.get_by_role("button", name="Add it").click()
        expect(dialog.get_by_label("URL")).to_have_attribute("aria-invalid", "true")
        dialog.get_by_label("URL").fill(f"{receiver.url}/in")
        dialog.get_by_role("button", name="Add it").click()
        secret = page.get_by_label("The webhook’s secret").input_value()
        assert accessibility_violations(page) == []
        page.get_by_role("button", name="I have kept it").click()
        expect(page.get_by_text("Active")).to_be_visible()
        assert secret not in page.content()

        page.get_by_role("button", name="Send a test").click()
        row = page.locator(".deliveries > li")
        expect(row).to_contain_text("Delivered · 1 try")
        row.locator("summary").click()
        expect(row).to_contain_text("Answered 204")
        assert accessibility_violations(page) == []
        replay = row.get_by_role("button", name="Send it once more")
        [webhook] = client.call("GET", "/v1/webhooks")["webhooks"]
        # On a slow machine the limit between two tests may be over already.
        just_now = datetime.now(UTC) + timedelta(hours=1)
        firestore.update_document(suite, f"webhooks/{webhook['id']}", {"tested_at": just_now})
        replay.click()
        expect(page.get_by_text("A test call was sent a moment ago")).to_be_visible()
        past = datetime.now(UTC) - timedelta(minutes=1)
        firestore.update_document(suite, f"webhooks/{webhook['id']}", {"tested_at": past})
        replay.click()
        expect(page.locator(".deliveries .dot[data-state=done]")).to_have_count(2)
        assert len(set(receiver.event_ids)) == 1, "a replay has another event id"
        assert load_readme_verifier()(
            secret, receiver.requests[1].headers, receiver.requests[1].body
        )
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("No server is called yet.")).to_be_visible()


def test_user_exports_data_and_deletes_the_account(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/account/my-data")
    page.get_by_role("button", name="Have a copy made").click()
    download = page.get_by_role("button", name=re.compile("^Download"))
    with page.expect_download() as saved:
        download.click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert archive.testzip() is None
    assert accessibility_violations(page) == []

    page.get_by_role("button", name="Remove my data and my account").click()
    dialog = page.get_by_role("dialog")
    delete = dialog.get_by_role("button", name="End the account")
    expect(delete).to_be_disabled()
    assert accessibility_violations(page) == []
    dialog.get_by_role("textbox").fill(client.user.email)
    delete.click()
    expect(page).to_have_url(re.compile(r"/receipt#[0-9a-f-]+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your data is being removed")
    expect(page.locator("[aria-current=step]")).to_contain_text(" at ")
    assert accessibility_violations(page) == []
    make_request_due(suite, page.url.partition("#")[2].partition("-")[0])
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is gone")
    expect(page.get_by_text("it is genuine")).to_be_visible()
    assert accessibility_violations(page) == []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(saved.value.path().read_text())["claims"]["account"] == "removed"
    # The user is signed out, and the account no longer exists.
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
