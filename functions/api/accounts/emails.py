"""The emails of the account endpoints. Opening a link in one proves ownership of the address.

Every link opens the page of the console that asks for a new password. The code in it is used only
when the page's form is sent. Mail scanners that follow links therefore change nothing.
"""

from __future__ import annotations

from email.utils import parseaddr
from html import escape
from urllib.parse import quote

from shared.http.request import ApiRequest
from shared.ports.outbound import Email

_IGNORE = "The link is valid for an hour. If this was not you, ignore this email: nothing happens."


def build_confirmation_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email that confirms an account's address."""
    return _build(
        request,
        to,
        "Confirm your address",
        "Somebody, most likely you, registered this address with Moodreel. "
        "Open the link to confirm it and to choose a password; then you can log in.",
        "Confirm the address",
        _action_url(request, "confirm", code),
    )


def build_already_registered_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email to the owner of an account whose address was registered again."""
    return _build(
        request,
        to,
        "You have an account already",
        "Somebody, most likely you, tried to register this address with Moodreel, where it has an "
        "account already. Log in with your password, or open the link to choose a new one.",
        "Choose a new password",
        _action_url(request, "password", code),
    )


def build_password_reset_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email for a forgotten password."""
    return _build(
        request,
        to,
        "Choose a new password",
        "Somebody, most likely you, has forgotten the password of this address at Moodreel. "
        "Open the link to choose a new one.",
        "Choose a new password",
        _action_url(request, "password", code),
    )


def _action_url(request: ApiRequest, action: str, code: str) -> str:
    # In the fragment: browsers do not send it, so no server logs the code.
    return f"{request.settings.console_url}/email-action#{action}={quote(code, safe='')}"


def _build(request: ApiRequest, to: str, subject: str, text: str, button: str, link: str) -> Email:
    domain = parseaddr(request.settings.mail_from)[1].rpartition("@")[2] or "localhost"
    return Email(
        to=to,
        subject=subject,
        text=f"{text}\n\n{link}\n\n{_IGNORE}\n",
        html=(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(subject)}</title></head>\n<body><p>{escape(text)}</p>\n"
            f'<p><a href="{escape(link)}">{escape(button)}</a></p>\n'
            f"<p>{escape(_IGNORE)}</p></body></html>\n"
        ),
        message_id=f"<{request.seed}@{domain}>",
    )
