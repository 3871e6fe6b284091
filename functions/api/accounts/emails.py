"""The letters about an account: whoever reads them has shown that the address is theirs.

Their links lead to a page of the console, which does what they are for when a button on it is
pressed: programs that open the links of letters, to look for viruses, change nothing.
"""

from __future__ import annotations

from email.utils import parseaddr
from html import escape
from urllib.parse import quote

from shared.http.request import ApiRequest
from shared.ports.outbound import Email

_IGNORE = "If this was not you, leave the letter alone: nothing happens."


def build_confirmation_email(request: ApiRequest, to: str, code: str) -> Email:
    """To somebody who registered."""
    return _letter(
        request,
        to,
        "Confirm your address",
        "Somebody, most likely you, registered this address with Moodreel. "
        "Open the link to confirm it; then you can log in.",
        "Confirm the address",
        _page(request, "confirm", code),
    )


def build_already_registered_email(request: ApiRequest, to: str, code: str) -> Email:
    """To somebody under whose address somebody registered again."""
    return _letter(
        request,
        to,
        "You have an account already",
        "Somebody, most likely you, tried to register this address with Moodreel, where it has an "
        "account already. Log in with your password, or choose a new one by the link.",
        "Choose a new password",
        _page(request, "password", code),
    )


def build_password_reset_email(request: ApiRequest, to: str, code: str) -> Email:
    """To somebody who has forgotten the password."""
    return _letter(
        request,
        to,
        "Choose a new password",
        "Somebody, most likely you, has forgotten the password of this address at Moodreel. "
        "Open the link to choose a new one.",
        "Choose a new password",
        _page(request, "password", code),
    )


def _page(request: ApiRequest, act: str, code: str) -> str:
    # Behind the #: a browser keeps that to itself, so no server's log ever holds a code.
    return f"{request.settings.console_url}/email-action#{act}={quote(code, safe='')}"


def _letter(request: ApiRequest, to: str, subject: str, text: str, button: str, link: str) -> Email:
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
