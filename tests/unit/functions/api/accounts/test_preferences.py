"""Preferences of emails, as clients of this version and of earlier ones replace them."""

from __future__ import annotations

from functions.api.routes import ROUTES
from tests.fakes.application import ALICE_HEADERS, AppHarness

PATH = "/v1/me/preferences"
HEADERS = {**ALICE_HEADERS, "If-Match": "*"}
OUTCOMES = {"done": True, "failed": True, "cancelled": True}


def put(harness: AppHarness, mail: dict[str, bool]) -> dict[str, bool]:
    """Returns the preferences that are stored."""
    replaced = harness.request("PUT", PATH, headers=HEADERS, json={"mail": mail})
    assert replaced.status_code == 200, replaced.json
    stored = harness.request("GET", PATH, headers=ALICE_HEADERS).json["mail"]
    assert replaced.json["mail"] == stored
    return dict(stored)


def test_preferences_that_an_older_client_does_not_send_are_kept() -> None:
    harness = AppHarness(ROUTES)
    put(harness, {**OUTCOMES, "awaiting_review": False, "export_ready": False})

    assert put(harness, {**OUTCOMES, "done": False}) == {
        "done": False,
        "failed": True,
        "cancelled": True,
        "awaiting_review": False,
        "export_ready": False,
    }


def test_preferences_that_were_never_stored_are_on() -> None:
    stored = put(AppHarness(ROUTES), OUTCOMES)
    assert (stored["awaiting_review"], stored["export_ready"]) == (True, True)
