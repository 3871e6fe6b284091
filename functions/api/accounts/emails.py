"""The emails of the account endpoints. Opening a link in one proves ownership of the address.

Every link opens the page of the console that asks for a new password. The code in it is used only
when the page's form is sent. Mail scanners that follow links therefore change nothing.
"""

from __future__ import annotations

from urllib.parse import quote

from shared.emails.render import build_email
from shared.http.request import ApiRequest
from shared.ports.outbound import Email


def build_confirmation_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email that confirms an account's address."""
    return _build(request, "account_confirm", to, "confirm", code)


def build_already_registered_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email to the owner of an account whose address was registered again."""
    return _build(request, "account_registered", to, "password", code)


def build_password_reset_email(request: ApiRequest, to: str, code: str) -> Email:
    """Returns the email for a forgotten password."""
    return _build(request, "account_password", to, "password", code)


def _build(request: ApiRequest, template: str, to: str, action: str, code: str) -> Email:
    # In the fragment: browsers do not send it, so no server logs the code.
    url = f"{request.settings.console_url}/email-action#{action}={quote(code, safe='')}"
    return build_email(template, {"code_url": url}, request.settings, to=to, seed=request.seed)
