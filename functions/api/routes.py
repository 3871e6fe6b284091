"""Every operation of the API, in the order in which its documentation lists them."""

from __future__ import annotations

from functions.api import download_links
from functions.api.accounts import handlers, mail_log, preferences, usage
from functions.api.cameras import handlers as cameras
from functions.api.cameras import recordings, schemas
from functions.api.decks import handlers as decks
from functions.api.documentation.handlers import Documentation
from functions.api.health import Health, health, healthz
from functions.api.jobs import artifacts, create, recipes, requests, share_links, uploads
from functions.api.jobs import handlers as jobs
from functions.api.jobs import schemas as views
from functions.api.pagination import PageQuery
from functions.api.privacy import handlers as personal_data
from functions.api.webhooks import handlers as webhooks
from functions.api.webhooks import schemas as hook_views
from shared.cameras.viewers import TooManyViewers
from shared.errors import (
    InvalidOption,
    NotAvailableYet,
    NotFound,
    SessionExpired,
    SourceExpired,
    StorageFull,
    TooManyJobs,
    WrongCredentials,
    WrongState,
)
from shared.http.problems import (
    LinkExpired,
    LinkRevoked,
    UploadDiffers,
    UploadMissing,
)
from shared.http.routing import Route
from shared.jobs.commands.deck_review import DeckChanged, TooManyRevisions
from shared.recipes.emotions.options import ProhibitedPurpose

_JOB = "/v1/jobs/{job_id}"
_UPLOAD = f"{_JOB}/uploads/{{input}}"
_HOOK = "/v1/webhooks/{webhook_id}"
_CAMERA = "/v1/cameras/{camera_id}"
_RECORDING = "/v1/recordings/{recording_id}"

DOCUMENTATION = Documentation(lambda: ROUTES)

ACCOUNTS = (
    Route(
        "POST", "/v1/accounts/register", handlers.register_account,
        "Register an address; a letter to it leads on.",
        handlers.EmailSent, 202, body=handlers.Registration, sign_in_required=False,
        rate_limited=True,
    ),
    Route(
        "POST", "/v1/accounts/login", handlers.log_in,
        "Sign in with address and password.",
        handlers.SessionView, body=handlers.Credentials, sign_in_required=False, rate_limited=True,
        errors=(WrongCredentials,),
    ),
    Route(
        "POST", "/v1/accounts/refresh", handlers.refresh_session,
        "Get a fresh ID token for a refresh token.",
        handlers.SessionView, body=handlers.RefreshRequest, sign_in_required=False,
        rate_limited=True,
        errors=(SessionExpired,),
    ),
    Route(
        "POST", "/v1/accounts/forgot", handlers.request_password_reset,
        "Have a letter sent by which a new password is chosen.",
        handlers.EmailSent, 202, body=handlers.PasswordResetRequest, sign_in_required=False,
        rate_limited=True,
    ),
    Route(
        "GET", "/v1/me", handlers.get_me, "Who I am.", handlers.AccountView, errors=(NotFound,),
    ),
    Route(
        "PATCH", "/v1/me", handlers.change_me, "Change my name or picture.",
        handlers.AccountView, body=handlers.AccountChange, conditional=True, errors=(NotFound,),
    ),
    Route(
        "POST", "/v1/me/password", handlers.change_password,
        "Choose another password; every other session ends.",
        handlers.SessionView, body=handlers.PasswordChange, rate_limited=True,
        errors=(WrongCredentials, NotFound),
    ),
    Route(
        "GET", "/v1/me/preferences", preferences.get_preferences,
        "Of what I want letters.", preferences.PreferencesView,
    ),
    Route(
        "PUT", "/v1/me/preferences", preferences.put_preferences,
        "Choose of what I want letters.", preferences.PreferencesView,
        body=preferences.PreferencesView, conditional=True, condition_required=True,
    ),
    Route("GET", "/v1/mails", mail_log.list_mails, "The letters to me.", mail_log.MailPage,
          query=PageQuery),
    Route(
        "GET", "/v1/usage", usage.get_usage,
        "What I have had made, what it cost, and what is left of my limits.", usage.UsageView,
    ),
)  # fmt: skip

JOBS = (
    Route("GET", "/v1/recipes", recipes.list_recipes,
          "What can be made out of what.", recipes.RecipeList),
    Route(
        "POST", "/v1/jobs", create.create_job,
        "Create a job and get the URLs to upload its inputs to.",
        create.CreatedJob, 201, body=requests.NewJob, idempotent=True, rate_limited=True,
        response_links={"job_id": "/job/id"},
        errors=(
            InvalidOption, NotAvailableYet, ProhibitedPurpose, SourceExpired, StorageFull,
            TooManyJobs,
        ),
    ),
    Route("GET", "/v1/jobs", jobs.list_jobs, "My jobs, newest first.", jobs.JobPage,
          query=jobs.JobsQuery),
    Route("GET", _JOB, jobs.get_job, "One of my jobs, with its stages and results.",
          views.JobView),
    Route(
        "PATCH", _JOB, jobs.retitle_job, "Give a job another title.",
        views.JobView, body=jobs.JobChange, conditional=True,
    ),
    Route(
        "DELETE", _JOB, jobs.delete_job, "Delete a job and everything of it.",
        status=204, allows_deleted=True,
    ),
    Route(
        "POST", f"{_JOB}/cancel", jobs.cancel_job,
        "End a job that is not finished.", views.JobView, errors=(WrongState,),
    ),
    Route(
        "POST", f"{_JOB}/redrive", jobs.redrive_job,
        "Take a failed job up again where it stopped.",
        views.JobView, rate_limited=True, errors=(WrongState, SourceExpired, TooManyJobs),
    ),
    Route("GET", f"{_JOB}/events", artifacts.list_events, "What happened to a job.",
          views.EventList),
    Route(
        "POST", _UPLOAD, uploads.begin_upload,
        "Get a fresh URL for an input, for one request or for a resumable session.",
        create.UploadGrant, body=uploads.UploadRequest, errors=(WrongState,),
    ),
    Route(
        "POST", f"{_UPLOAD}/finalize", uploads.finish_upload,
        "Say that an input is uploaded: it is compared, and the job goes on.",
        uploads.UploadView, body=uploads.UploadCheck,
        errors=(UploadMissing, UploadDiffers, SourceExpired),
    ),
    Route(
        "GET", f"{_JOB}/artifacts/{{name}}", artifacts.get_artifact,
        "Be sent to a result; the link holds for 15 minutes.", status=302,
    ),
    Route(
        "GET", f"{_JOB}/artifacts/{{name}}/link", download_links.get_artifact_link,
        "Get a link to a result for a player or a picture; it holds for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
    Route(
        "GET", f"{_UPLOAD}/link", download_links.get_input_link,
        "Get a link to what was uploaded, for a player or a picture; it holds for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
)  # fmt: skip

_DECK = f"{_JOB}/deck"
DECKS = (
    Route("GET", _DECK, decks.get_deck, "The deck of a job's film, as it was drawn last.",
          decks.DeckView, errors=(SourceExpired,)),
    Route(
        "PUT", _DECK, decks.put_deck,
        "Edit the deck: a new revision is drawn, and becomes a film when it is released.",
        views.JobView, 202, body=decks.DeckUpdate, rate_limited=True,
        errors=(
            InvalidOption, DeckChanged, TooManyRevisions, TooManyJobs, WrongState, SourceExpired,
        ),
    ),
    Route(
        "POST", f"{_DECK}/slides/{{slide_id}}/rewrite", decks.rewrite_slide,
        "Have one slide written anew: a new revision is drawn.",
        views.JobView, 202, body=decks.SlideRewriteRequest, rate_limited=True,
        errors=(DeckChanged, TooManyRevisions, TooManyJobs, WrongState, SourceExpired),
    ),
    Route(
        "GET", f"{_DECK}/slides/{{slide_id}}/picture", decks.get_slide_picture,
        "Be sent to a slide as it was drawn; the link holds for 15 minutes.",
        status=302, errors=(SourceExpired,),
    ),
    Route(
        "POST", f"{_DECK}/release", decks.release_deck,
        "Let the film be made of the deck as it is.", views.JobView, 202, errors=(WrongState,),
    ),
)  # fmt: skip

SHARES = (
    Route(
        "POST", f"{_JOB}/shares", share_links.create_share,
        "Make a link to a result, for people without a sign-in.",
        share_links.ShareView, 201, body=share_links.ShareRequest, idempotent=True,
        rate_limited=True,
        response_links={"token": "/token"},
    ),
    Route("GET", "/v1/shares", share_links.list_shares, "My links and their use.",
    share_links.SharePage,
          query=PageQuery),
    Route(
        "GET", "/v1/share/{token}", share_links.open_share,
        "Be sent to a shared result, without signing in.",
        status=302, sign_in_required=False, errors=(LinkExpired, LinkRevoked),
    ),
    Route("DELETE", "/v1/share/{token}", share_links.revoke_share, "Withdraw a link of mine.",
          status=204),
)  # fmt: skip

WEBHOOKS = (
    Route(
        "POST", "/v1/webhooks", webhooks.create_webhook,
        "Register a server that is called when a job ends; its secret is told this once.",
        hook_views.WebhookWithSecret, 201, body=hook_views.NewWebhook, rate_limited=True,
        errors=(webhooks.TooManyWebhooks,),
    ),
    Route("GET", "/v1/webhooks", webhooks.list_webhooks, "My webhooks.", hook_views.WebhookList),
    Route("GET", _HOOK, webhooks.get_webhook, "One of my webhooks.", hook_views.WebhookView),
    Route("DELETE", _HOOK, webhooks.delete_webhook, "Take a webhook away.", status=204),
    Route(
        "POST", f"{_HOOK}/enable", webhooks.enable_webhook,
        "Call a webhook again that had answered 410.", hook_views.WebhookView,
    ),
    Route(
        "POST", f"{_HOOK}/secret", webhooks.rotate_secret,
        "Change a webhook's secret; the old one signs as well for a day.",
        hook_views.WebhookWithSecret,
    ),
    Route(
        "POST", f"{_HOOK}/test", webhooks.test_webhook,
        "Send a ping to a webhook; what came of it is in the log.",
        hook_views.DeliveryView, 202, rate_limited=True, errors=(WrongState,
        webhooks.TestedJustNow),
    ),
    Route(
        "GET", f"{_HOOK}/deliveries", webhooks.list_deliveries,
        "What was sent to a webhook, newest first.", hook_views.DeliveryPage, query=PageQuery,
    ),
    Route(
        "GET", f"{_HOOK}/deliveries/{{delivery_id}}", webhooks.get_delivery,
        "One delivery with all its tries.", hook_views.DeliveryView,
    ),
    Route(
        "POST", f"{_HOOK}/deliveries/{{delivery_id}}/replay", webhooks.replay_delivery,
        "Send an event once more, with the same id.",
        hook_views.DeliveryView, 202, rate_limited=True,
        errors=(WrongState, webhooks.DeliveryUnderway, webhooks.TestedJustNow),
    ),
)  # fmt: skip

CAMERAS = (
    Route(
        "POST", "/v1/cameras", cameras.create_camera,
        "Register a camera; one that is there gets the name and the password that are given.",
        schemas.CameraView, 201, body=schemas.NewCamera, rate_limited=True,
        response_links={"camera_id": "/id"}, errors=(cameras.TooManyCameras,),
    ),
    Route("GET", "/v1/cameras", cameras.list_cameras, "My cameras.", schemas.CameraList),
    Route("GET", _CAMERA, cameras.get_camera, "One of my cameras, as it is now.",
          schemas.CameraView),
    Route(
        "DELETE", _CAMERA, cameras.delete_camera, "Take a camera away; its recordings stay.",
        status=204, errors=(cameras.CameraInUse,),
    ),
    Route(
        "POST", f"{_CAMERA}/preview", cameras.create_preview,
        "Look at a camera: the answer's url is what an <img> shows, for five minutes.",
        schemas.PreviewView, 201, rate_limited=True, errors=(TooManyViewers,),
    ),
    Route(
        "POST", "/v1/recordings", recordings.create_recording,
        "Record a camera; with a recipe the clip becomes a job's video.",
        schemas.RecordingView, 201, body=schemas.NewRecording, idempotent=True,
        rate_limited=True, response_links={"recording_id": "/id"},
        errors=(
            InvalidOption, NotAvailableYet, ProhibitedPurpose, StorageFull, TooManyJobs,
            cameras.TooManyCameras, recordings.TooManyRecordings,
        ),
    ),
    Route(
        "GET", "/v1/recordings", recordings.list_recordings, "My recordings, newest first.",
        schemas.RecordingPage, query=PageQuery,
    ),
    Route("GET", "/v1/recordings/last", recordings.get_last_recording,
          "The newest recording that has a clip.", schemas.RecordingView,
          errors=(NotFound,)),
    Route("GET", _RECORDING, recordings.get_recording, "One of my recordings, live while it runs.",
          schemas.RecordingView),
    Route("DELETE", _RECORDING, recordings.delete_recording,
          "Remove a recording and its clip, also while it runs.", status=204),
    Route("POST", f"{_RECORDING}/stop", recordings.stop_recording,
          "Stop a recording; its clip is made then.", schemas.RecordingView, 202),
    Route(
        "GET", f"{_RECORDING}/clip", recordings.get_clip,
        "Be sent to a recording's clip; the link holds for 15 minutes.", status=302,
        errors=(recordings.NotReady,),
    ),
    Route(
        "GET", f"{_RECORDING}/clip/link", download_links.get_clip_link,
        "Get a link to a recording's clip for a player; it holds for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery,
        errors=(recordings.NotReady, SourceExpired),
    ),
)  # fmt: skip

PERSONAL_DATA = (
    Route(
        "POST", "/v1/me/exports", personal_data.create_export,
        "Have a copy of everything made that is kept about me.", personal_data.ExportView, 202,
        rate_limited=True,
    ),
    Route("GET", "/v1/me/exports", personal_data.list_exports, "My copies.",
          personal_data.ExportList),
    Route("GET", "/v1/me/exports/{request_id}", personal_data.get_export, "How far a copy is.",
          personal_data.ExportView),
    Route(
        "GET", "/v1/me/exports/{request_id}/parts/{number}", personal_data.get_export_part,
        "Be sent to a part of a copy; the link holds for 15 minutes.", status=302,
    ),
    Route(
        "GET", "/v1/me/exports/{request_id}/parts/{number}/link",
        download_links.get_export_part_link,
        "Get a link to a part of a copy, for a page to save it; it holds for 15 minutes.",
        download_links.LinkView, query=download_links.LinkQuery, errors=(SourceExpired,),
    ),
    Route(
        "POST", "/v1/me/erasures", personal_data.create_erasure,
        "Have everything removed that is kept about me, with my account or without it.",
        personal_data.ErasureView, 202, body=personal_data.ErasureRequest, rate_limited=True,
    ),
    Route(
        "DELETE", "/v1/me", personal_data.delete_account,
        "Delete my account and everything of mine; the answer says where the receipt will be.",
        personal_data.ErasureView, 202, rate_limited=True,
    ),
    Route(
        "GET", "/v1/erasures/{request_id}", personal_data.get_erasure,
        "How far an erasure is, and its signed receipt: without signing in, for who has the link.",
        personal_data.ErasureView, sign_in_required=False,
    ),
    Route(
        "GET", "/v1/erasures/{request_id}/inventory", personal_data.get_inventory,
        "Be sent to the list of all that was removed.", status=302, sign_in_required=False,
    ),
    Route(
        "GET", "/v1/receipt-keys", personal_data.list_receipt_keys,
        "The public keys that receipts are verified with, as a JWK set.",
        personal_data.KeySet, sign_in_required=False,
    ),
)  # fmt: skip

ABOUT = (
    Route("GET", "/v1/health", health, "Whether the API answers.", Health, sign_in_required=False),
    # Google's own front end answers paths that end in "z" on some hosts; see /v1/health.
    Route("GET", "/healthz", healthz, "Whether the API answers.", Health, sign_in_required=False),
    Route("GET", "/v1/openapi.json", DOCUMENTATION.get_openapi, "This document.",
    sign_in_required=False),
    Route("GET", "/v1/docs", DOCUMENTATION.get_docs, "This document as a page.",
    sign_in_required=False,
          media_type="text/html"),
    Route("GET", "/problems/{code}", DOCUMENTATION.get_problem, "What a problem means.",
          sign_in_required=False, media_type="text/html"),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    *(one.with_group("Accounts") for one in ACCOUNTS),
    *(one.with_group("Jobs") for one in JOBS),
    *(one.with_group("Decks") for one in DECKS),
    *(one.with_group("Links") for one in SHARES),
    *(one.with_group("Webhooks") for one in WEBHOOKS),
    *(one.with_group("Cameras") for one in CAMERAS),
    *(one.with_group("My data") for one in PERSONAL_DATA),
    *(one.with_group("About") for one in ABOUT),
)
