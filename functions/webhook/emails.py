"""The emails about events: a deck waits for review, an export is ready, an API key was created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.jobs.emails.page import ACCOUNT_FOOTER, Page
from shared.jobs.webhooks.events import API_KEY_CREATED, EXPORT_READY, JOB_AWAITING_REVIEW
from shared.runtime.settings import Settings

MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class EventEmail:
    """The subject and the content of an email."""

    subject: str
    page: Page


def find_email(event: str, data: Mapping[str, Any], settings: Settings) -> EventEmail | None:
    """Returns the email about an event, or None when there is none. `data` is that of the event's
    body."""
    write = _WRITERS.get(event)
    return None if write is None else write(data, settings)


def _review_email(data: Mapping[str, Any], settings: Settings) -> EventEmail:
    title = _cut(data["title"]) or data["recipe"]
    return EventEmail(
        f"Waits for you: {title}",
        Page(
            f"The slides of “{title}” wait for your review.",
            [
                "Read them, and change what you like. The film is made when you release the deck; "
                "nothing happens before.",
            ],
            [("Recipe", data["recipe"])],
            button=("Review the slides", f"{settings.console_url}/jobs/{data['job_id']}/deck"),
            below_button="The link needs your sign-in.",
        ),
    )


def _export_email(data: Mapping[str, Any], settings: Settings) -> EventEmail:
    kept_until = datetime.fromisoformat(data["kept_until"])
    count = len(data["parts"])
    return EventEmail(
        "Your data can be downloaded",
        Page(
            "The export of your data is ready.",
            ["If you did not request it, choose a new password."],
            [("Files", str(count)), ("Kept until", f"{kept_until:%-d %B %Y, %H:%M} UTC")],
            button=("Download it", f"{settings.console_url}/account/my-data"),
            below_button="The link needs your sign-in.",
            footer=ACCOUNT_FOOTER,
        ),
    )


def _key_email(data: Mapping[str, Any], settings: Settings) -> EventEmail:
    name = _cut(data["name"])
    expires_at = data["expires_at"]
    until = "it is deleted"
    if expires_at is not None:
        until = f"{datetime.fromisoformat(expires_at):%-d %B %Y, %H:%M} UTC"
    return EventEmail(
        f"An API key was created: {name}",
        Page(
            f"The API key “{name}” was created for your account.",
            [
                "A program that has it can use your account within its scopes, without your "
                "password.",
                "If this was not you, delete the key, and then choose a new password: a new "
                "password alone does not end a key.",
            ],
            [
                ("Begins with", data["prefix"]),
                ("Scopes", ", ".join(data["scopes"])),
                ("Accepted until", until),
            ],
            button=("See your API keys", f"{settings.console_url}/account/api-keys"),
            below_button="The link needs your sign-in.",
            footer=ACCOUNT_FOOTER,
        ),
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"


_WRITERS: Mapping[str, Callable[[Mapping[str, Any], Settings], EventEmail]] = {
    JOB_AWAITING_REVIEW: _review_email,
    EXPORT_READY: _export_email,
    API_KEY_CREATED: _key_email,
}
