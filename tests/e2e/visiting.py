"""Somebody with an account looks at the console."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from infra.local.client import Client
from infra.local.tenant import Tenant, wait_until
from infra.local.wire import request


def somebody(suite: Tenant) -> Client:
    """A new person whose address is confirmed."""
    client = suite.client()
    account = {"localId": client.user.uid, "emailVerified": True}
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:update?key=local"
    answer = request("POST", url, account, headers={"Authorization": "Bearer owner"})
    assert answer.status == 200, answer.body
    return client


def sign_in(page: Page, suite: Tenant, client: Client, path: str = "/") -> None:
    """Ask for a page, sign in, and be led to it."""
    page.goto(f"{suite.url('console')}/sign-in?to={path}")
    page.get_by_label("E-mail").fill(client.user.email)
    page.get_by_label("Password").fill(client.user.password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(suite.url("console") + path)


def until(page: Page, expression: str) -> None:
    """Wait until it holds in the page. Playwright's own way evaluates text within the page, which
    the console's policy forbids."""
    wait_until(lambda: page.evaluate(expression), expression)


def shifted(page: Page) -> float:
    """How much of the page has moved by itself since it was opened: Cumulative Layout Shift, of
    which web.dev calls 0.1 good."""
    total: float = page.evaluate(
        """() => new Promise((done) => {
          let sum = 0;
          const add = (list) => list.forEach((one) => {
            if (!one.hadRecentInput) sum += one.value;
          });
          const watch = new PerformanceObserver((list) => add(list.getEntries()));
          watch.observe({type: "layout-shift", buffered: true});
          setTimeout(() => { add(watch.takeRecords()); done(sum); }, 300);
        })"""
    )
    return total
