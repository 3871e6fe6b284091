"""The routes of accounts, preferences and usage."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.accounts import api_keys, handlers, mail_log, preferences, schemas, usage
from functions.api.pagination import PageQuery
from shared.api_keys import Resource
from shared.errors import NotFound
from shared.http.routing import Route
from shared.ports.identity import (
    CodeExpired,
    InvalidCode,
    PasswordRefused,
    SessionExpired,
    WrongCredentials,
)

_ROUTES = (
    Route(
        "POST", "/v1/accounts/register", handlers.register_account,
        "Register an email address; a link to confirm it and to choose a password is sent to it.",
        schemas.EmailSent, 202, body=schemas.Registration, sign_in_required=False,
        policies=rate_limit_policies.EMAILS,
    ),
    Route(
        "POST", "/v1/accounts/login", handlers.log_in,
        "Sign in with an email address and a password.",
        schemas.SessionView, body=schemas.Credentials, sign_in_required=False,
        policies=rate_limit_policies.SIGN_INS, errors=(WrongCredentials,),
    ),
    Route(
        "POST", "/v1/accounts/refresh", handlers.refresh_session,
        "Exchange a refresh token for a new ID token.",
        schemas.SessionView, body=schemas.RefreshRequest, sign_in_required=False,
        policies=(rate_limit_policies.refreshes_from,), errors=(SessionExpired,),
    ),
    Route(
        "POST", "/v1/accounts/forgot", handlers.request_password_reset,
        "Send an email with a link to choose a new password, or to confirm the address.",
        schemas.EmailSent, 202, body=schemas.PasswordResetRequest, sign_in_required=False,
        policies=rate_limit_policies.EMAILS,
    ),
    Route(
        "POST", "/v1/accounts/password", handlers.set_password,
        "Confirm the address and set the password with the code in an email; ends all sessions.",
        status=204, body=schemas.NewPassword, sign_in_required=False,
        policies=(rate_limit_policies.sign_ins_from,),
        errors=(InvalidCode, CodeExpired, PasswordRefused),
    ),
    Route(
        "GET", "/v1/me", handlers.get_me, "Get your account.", schemas.AccountView,
        errors=(NotFound,),
    ),
    Route(
        "PATCH", "/v1/me", handlers.change_me, "Change your name or picture.",
        schemas.AccountView, body=schemas.AccountChange, conditional=True, errors=(NotFound,),
    ),
    Route(
        "GET", "/v1/me/preferences", preferences.get_preferences,
        "Get your email preferences.", preferences.PreferencesView,
    ),
    Route(
        "PUT", "/v1/me/preferences", preferences.put_preferences,
        "Replace your email preferences.", preferences.PreferencesView,
        body=preferences.PreferencesView, conditional=True, condition_required=True,
    ),
    Route(
        "GET", "/v1/mails", mail_log.list_mails, "List the emails sent to you, newest first.",
        mail_log.MailPage, query=PageQuery,
    ),
    Route(
        "GET", "/v1/usage", usage.get_usage,
        "Get your usage, its cost and your remaining limits.", usage.UsageView,
    ),
)  # fmt: skip
# No API keys: whoever has one must not gain more access with it.
_CHANGE_PASSWORD = Route(
    "POST", "/v1/me/password", handlers.change_password,
    "Change your password and end all other sessions.",
    schemas.SessionView, body=schemas.PasswordChange, policies=rate_limit_policies.SIGN_INS,
    errors=(WrongCredentials, NotFound),
)  # fmt: skip
_KEY_ROUTES = (
    Route(
        "POST", "/v1/me/keys", api_keys.create_api_key,
        "Create an API key, which is shown only once.",
        api_keys.NewKeyView, 201, body=api_keys.KeyRequest,
        policies=(rate_limit_policies.changes,), errors=(api_keys.TooManyKeys,),
    ),
    Route("GET", "/v1/me/keys", api_keys.list_api_keys, "List your API keys.", api_keys.KeyList),
    Route(
        "DELETE", "/v1/me/keys/{key_id}", api_keys.delete_api_key,
        "Delete an API key, which is refused within a minute.", status=204,
    ),
)  # fmt: skip
ROUTES = (
    *(route.with_group("Accounts", Resource.ACCOUNT) for route in _ROUTES),
    *(route.with_group("Accounts") for route in (_CHANGE_PASSWORD, *_KEY_ROUTES)),
)
