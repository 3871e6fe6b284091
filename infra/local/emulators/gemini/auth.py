"""Authorization: API keys of the Gemini Developer API, access tokens of Vertex AI, and the metadata
server that issues such tokens for a function's service account.

Google's client libraries find the metadata server with GCE_METADATA_HOST and GCE_METADATA_IP:
https://cloud.google.com/compute/docs/metadata/predefined-metadata-entries
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from infra.local.emulators.google_service import AccessDenied

METADATA_PATH = "/computeMetadata/"
"""Path prefix of the metadata server."""
TOKEN_LIFETIME_S = 3600
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
FLAVOR_HEADER = {"Metadata-Flavor": "Google"}


@dataclass
class Authenticator:
    """Issues access tokens for one service account of `project`, and checks keys and tokens."""

    project: str
    account: str = "mr-slide-generation"
    token_expiries: dict[str, float] = field(default_factory=dict)
    """Issued tokens with their expiry times (time.monotonic)."""

    @property
    def email(self) -> str:
        """The service account's address."""
        return f"{self.account}@{self.project}.iam.gserviceaccount.com"

    def issue_token(self) -> str:
        """Returns a new access token."""
        token = "ya29.emulator-" + secrets.token_urlsafe(24)
        self.token_expiries[token] = time.monotonic() + TOKEN_LIFETIME_S
        return token

    def check_key(self, request: web.Request) -> None:
        """Raises AccessDenied unless the request has an API key."""
        if not (request.headers.get("x-goog-api-key") or request.query.get("key")):
            raise AccessDenied(
                403, "Method doesn't allow unregistered callers. Please use an API key."
            )

    def check_token(self, request: web.Request) -> None:
        """Raises AccessDenied unless the request has a valid token for the project in the path."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self.token_expiries.get(token, 0.0) < time.monotonic():
            raise AccessDenied(
                401,
                "Request had invalid authentication credentials. Expected OAuth 2 access token, "
                "login cookie or other valid authentication credential.",
            )
        project, location = (request.match_info[name] for name in ("project", "location"))
        if project != self.project:
            raise AccessDenied(
                403,
                "Permission 'aiplatform.endpoints.predict' denied on resource "
                f"'//aiplatform.googleapis.com/projects/{project}/locations/{location}' "
                "(or it may not exist).",
            )

    def install(self, app: web.Application) -> None:
        """Adds the routes of the metadata server that Application Default Credentials use."""
        base = f"{METADATA_PATH}v1"
        account = base + "/instance/service-accounts/{account}"
        app.router.add_get("/", self._ping)
        app.router.add_get(f"{base}/project/project-id", self._project)
        app.router.add_get(f"{base}/universe/universe-domain", self._universe)
        app.router.add_get(f"{account}/", self._account)
        app.router.add_get(f"{account}/token", self._token)

    async def _ping(self, request: web.Request) -> web.Response:
        return self._respond(request, "computeMetadata/\n")

    async def _project(self, request: web.Request) -> web.Response:
        return self._respond(request, self.project)

    async def _universe(self, request: web.Request) -> web.Response:
        return self._respond(request, "googleapis.com")

    async def _account(self, request: web.Request) -> web.Response:
        self._check_account(request)
        account = {"aliases": ["default"], "email": self.email, "scopes": [SCOPE]}
        return self._respond(request, account)

    async def _token(self, request: web.Request) -> web.Response:
        self._check_account(request)
        token = {
            "access_token": self.issue_token(),
            "expires_in": TOKEN_LIFETIME_S,
            "token_type": "Bearer",
        }
        return self._respond(request, token)

    def _check_account(self, request: web.Request) -> None:
        if request.match_info["account"] not in ("default", self.email):
            raise web.HTTPNotFound

    def _respond(self, request: web.Request, body: str | Mapping[str, object]) -> web.Response:
        # Web pages and redirected requests cannot set this header.
        if request.headers.get("Metadata-Flavor") != "Google":
            raise web.HTTPForbidden
        if isinstance(body, str):
            return web.Response(text=body, headers=FLAVOR_HEADER)
        return web.json_response(dict(body), headers=FLAVOR_HEADER)
