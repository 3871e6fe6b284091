"""Every operation of the API, in the order in which its documentation lists them."""

from __future__ import annotations

from functions.api.artefacts import get_artefact, list_events
from functions.api.catalogue import RecipeList, list_recipes
from functions.api.creating import CreatedJob, NewJob, create_job
from functions.api.health import Health, health
from functions.api.hook_views import (
    DeliveryPage,
    DeliveryView,
    NewWebhook,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
)
from functions.api.jobs import (
    JobPage,
    PageQuery,
    cancel_job,
    delete_job,
    get_job,
    list_jobs,
    redrive_job,
)
from functions.api.personal_data import (
    ErasureView,
    ErasureWish,
    ExportList,
    ExportView,
    KeySet,
    create_erasure,
    create_export,
    delete_account,
    get_erasure,
    get_export,
    get_export_part,
    get_inventory,
    list_exports,
    list_keys,
)
from functions.api.shares import open_share, revoke_share
from functions.api.views import EventList, JobView
from functions.api.webhooks import (
    StillUnderway,
    TestedJustNow,
    TooManyWebhooks,
    create_webhook,
    delete_webhook,
    enable_webhook,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    replay_delivery,
    rotate_secret,
    test_webhook,
)
from shared.errors import InvalidOption, NotAvailableYet, SourceExpired, WrongState
from shared.http.problems import LinkExpired, LinkRevoked
from shared.http.routing import Route

_JOB = "/v1/jobs/{job_id}"
_HOOK = "/v1/webhooks/{webhook_id}"

ROUTES = (
    Route(
        "POST", "/v1/jobs", create_job,
        "Create a job and get the URLs to upload its inputs to.",
        CreatedJob, 201, body=NewJob, errors=(InvalidOption, NotAvailableYet),
    ),
    Route("GET", "/v1/jobs", list_jobs, "My jobs, newest first.", JobPage, query=PageQuery),
    Route("GET", _JOB, get_job, "One of my jobs, with its stages and results.", JobView),
    Route(
        "DELETE", _JOB, delete_job, "Delete a job and everything of it.",
        status=204, deleted_too=True,
    ),
    Route(
        "POST", f"{_JOB}/cancel", cancel_job,
        "End a job that is not finished.", JobView, errors=(WrongState,),
    ),
    Route(
        "POST", f"{_JOB}/redrive", redrive_job,
        "Take a failed job up again where it stopped.",
        JobView, errors=(WrongState, SourceExpired),
    ),
    Route("GET", f"{_JOB}/events", list_events, "What happened to a job.", EventList),
    Route(
        "GET", f"{_JOB}/artefacts/{{name}}", get_artefact,
        "Be sent to a result; the link holds for 15 minutes.", status=302,
    ),
    Route(
        "GET", "/v1/share/{token}", open_share,
        "Be sent to a shared result, without signing in.",
        status=302, signed_in=False, errors=(LinkExpired, LinkRevoked),
    ),
    Route("DELETE", "/v1/share/{token}", revoke_share, "Withdraw a link of mine.", status=204),
    Route(
        "POST", "/v1/webhooks", create_webhook,
        "Register a server that is called when a job ends; its secret is told this once.",
        WebhookWithSecret, 201, body=NewWebhook, errors=(TooManyWebhooks,),
    ),
    Route("GET", "/v1/webhooks", list_webhooks, "My webhooks.", WebhookList),
    Route("GET", _HOOK, get_webhook, "One of my webhooks.", WebhookView),
    Route("DELETE", _HOOK, delete_webhook, "Take a webhook away.", status=204),
    Route(
        "POST", f"{_HOOK}/enable", enable_webhook,
        "Call a webhook again that had answered 410.", WebhookView,
    ),
    Route(
        "POST", f"{_HOOK}/secret", rotate_secret,
        "Change a webhook's secret; the old one signs as well for a day.", WebhookWithSecret,
    ),
    Route(
        "POST", f"{_HOOK}/test", test_webhook,
        "Send a ping to a webhook; what came of it is in the log.",
        DeliveryView, 202, errors=(WrongState, TestedJustNow),
    ),
    Route(
        "GET", f"{_HOOK}/deliveries", list_deliveries,
        "What was sent to a webhook, newest first.", DeliveryPage, query=PageQuery,
    ),
    Route(
        "GET", f"{_HOOK}/deliveries/{{delivery_id}}", get_delivery,
        "One delivery with all its tries.", DeliveryView,
    ),
    Route(
        "POST", f"{_HOOK}/deliveries/{{delivery_id}}/replay", replay_delivery,
        "Send an event once more, with the same id.",
        DeliveryView, 202, errors=(WrongState, StillUnderway, TestedJustNow),
    ),
    Route(
        "POST", "/v1/me/exports", create_export,
        "Have a copy of everything made that is kept about me.", ExportView, 202,
    ),
    Route("GET", "/v1/me/exports", list_exports, "My copies.", ExportList),
    Route("GET", "/v1/me/exports/{request_id}", get_export, "How far a copy is.", ExportView),
    Route(
        "GET", "/v1/me/exports/{request_id}/parts/{number}", get_export_part,
        "Be sent to a part of a copy; the link holds for 15 minutes.", status=302,
    ),
    Route(
        "POST", "/v1/me/erasures", create_erasure,
        "Have everything removed that is kept about me, with my account or without it.",
        ErasureView, 202, body=ErasureWish,
    ),
    Route(
        "DELETE", "/v1/me", delete_account,
        "Delete my account and everything of mine; the answer says where the receipt will be.",
        ErasureView, 202,
    ),
    Route(
        "GET", "/v1/erasures/{request_id}", get_erasure,
        "How far an erasure is, and its signed receipt: without signing in, for who has the link.",
        ErasureView, signed_in=False,
    ),
    Route(
        "GET", "/v1/erasures/{request_id}/inventory", get_inventory,
        "Be sent to the list of all that was removed.", status=302, signed_in=False,
    ),
    Route(
        "GET", "/v1/receipt-keys", list_keys,
        "The public keys that receipts are verified with, as a JWK set.", KeySet, signed_in=False,
    ),
    Route("GET", "/v1/recipes", list_recipes, "What can be made out of what.", RecipeList),
    Route("GET", "/healthz", health, "Whether the API answers.", Health, signed_in=False),
)  # fmt: skip
