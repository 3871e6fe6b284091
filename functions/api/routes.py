"""All routes of the API, in the order of its documentation."""

from __future__ import annotations

from functions.api.accounts.routes import ROUTES as ACCOUNTS
from functions.api.buckets.routes import ROUTES as BUCKETS
from functions.api.cameras.routes import ROUTES as CAMERAS
from functions.api.decks.routes import ROUTES as DECKS
from functions.api.documentation.handlers import ApiDocumentation
from functions.api.jobs.routes import ROUTES as JOBS
from functions.api.jobs.routes import SHARE_ROUTES as SHARES
from functions.api.privacy.routes import ROUTES as PERSONAL_DATA
from functions.api.recipes.routes import ROUTES as RECIPES
from functions.api.recognition.routes import ROUTES as RECOGNITION
from functions.api.voices.routes import ROUTES as VOICES
from functions.api.webhooks.routes import ROUTES as WEBHOOKS
from shared.errors import NotFound
from shared.http.health import LIMIT_EXEMPTION, Health, health, healthz
from shared.http.routing import Route

DOCUMENTATION = ApiDocumentation(lambda: ROUTES)

_ABOUT = (
    Route("GET", "/v1/health", health, "Check that the API responds.", Health,
          sign_in_required=False, limit_exemption=LIMIT_EXEMPTION),
    # Some Google front ends intercept paths that end in "z"; /v1/health always works.
    Route("GET", "/healthz", healthz, "Check that the API responds.", Health,
          sign_in_required=False, limit_exemption=LIMIT_EXEMPTION),
    Route("GET", "/v1/openapi.json", DOCUMENTATION.get_openapi, "Get this OpenAPI document.",
          sign_in_required=False),
    Route("GET", "/v1/docs", DOCUMENTATION.get_docs, "Get this document as a web page to try it.",
          sign_in_required=False, media_type="text/html", other_statuses=(302,)),
    Route("GET", "/v1/docs/plain", DOCUMENTATION.get_plain_docs,
          "Get this document as a web page without scripts.",
          sign_in_required=False, media_type="text/html"),
    Route("GET", "/v1/docs/viewer.js", DOCUMENTATION.get_docs_script,
          "Get the script of the documentation page.",
          sign_in_required=False, media_type="text/javascript", errors=(NotFound,)),
    Route("GET", "/v1/docs/style.css", DOCUMENTATION.get_docs_style,
          "Get the style sheet of the documentation page.",
          sign_in_required=False, media_type="text/css", errors=(NotFound,)),
    Route("GET", "/problems/{code}", DOCUMENTATION.get_problem, "Get the page of a problem code.",
          sign_in_required=False, media_type="text/html"),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    *ACCOUNTS,
    *RECIPES,
    *JOBS,
    *DECKS,
    *VOICES,
    *RECOGNITION,
    *SHARES,
    *BUCKETS,
    *WEBHOOKS,
    *CAMERAS,
    *PERSONAL_DATA,
    *(route.with_group("About") for route in _ABOUT),
)
