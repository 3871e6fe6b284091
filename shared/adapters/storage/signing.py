"""V4 signed URLs: signed by IAM in the cloud, where no key file exists, or with a local key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import google.auth
import google.cloud.storage as storage
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from shared.net.content_disposition import content_disposition
from shared.ports.objects import SignedUpload

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MAX_VALID_S = 7 * 24 * 3600
"""The limit of V4 signatures."""

Signer = Callable[[], dict[str, Any]]
"""Returns the credential arguments of `generate_signed_url`."""


def key_signer(path: str) -> Signer:
    """Returns a signer with a key file. Only for the local suite."""
    credentials = service_account.Credentials.from_service_account_file(path)
    return lambda: {"credentials": credentials}


def iam_signer() -> Signer:
    """Returns a signer with IAM's signBlob as the function's own service account, which needs the
    role serviceAccountTokenCreator on itself."""
    credentials, _ = google.auth.default(scopes=[SCOPE])

    def arguments() -> dict[str, Any]:
        if not credentials.valid:
            credentials.refresh(Request())
        return {
            "service_account_email": getattr(credentials, "service_account_email", ""),
            "access_token": credentials.token,
        }

    return arguments


def sign_upload(
    signer: Signer,
    blob: storage.Blob,
    content_type: str,
    max_bytes: int,
    valid_s: int,
    *,
    resumable: bool = False,
) -> SignedUpload:
    """Returns a PUT that creates the object, or the POST that starts a resumable session for it.

    The URL is limited to generation 0, the content type and the range of sizes.
    """
    headers = {
        "x-goog-content-length-range": f"1,{max_bytes}",
        "x-goog-if-generation-match": "0",
    }
    if resumable:
        headers["x-goog-resumable"] = "start"
    method = "POST" if resumable else "PUT"
    valid_s = min(valid_s, MAX_VALID_S)
    url = blob.generate_signed_url(
        version="v4",
        method=method,
        expiration=timedelta(seconds=valid_s),
        content_type=content_type,
        # The library adds the host to this mapping; the client sends its own Host header.
        headers=dict(headers),
        **signer(),
    )
    return SignedUpload(
        method,
        url,
        {"Content-Type": content_type, **headers},
        datetime.now(UTC) + timedelta(seconds=valid_s),
    )


def sign_download(
    signer: Signer,
    blob: storage.Blob,
    generation: int,
    filename: str,
    valid_s: int,
    inline: bool,
) -> str:
    """Returns a URL for one version of one object, saved as `filename`."""
    url: str = blob.generate_signed_url(
        version="v4",
        method="GET",
        expiration=timedelta(seconds=min(valid_s, MAX_VALID_S)),
        generation=generation,
        response_disposition=content_disposition(filename, inline=inline),
        **signer(),
    )
    return url
