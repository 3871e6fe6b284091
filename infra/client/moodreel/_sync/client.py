# Rendered from _async by infra/tools/render.py; do not edit.
"""The client of an account."""

from __future__ import annotations

from moodreel._sync.account import AccountMethods
from moodreel._sync.buckets import BucketMethods
from moodreel._sync.cameras import CameraMethods
from moodreel._sync.jobs import JobMethods
from moodreel._sync.recordings import RecordingMethods
from moodreel._sync.shares import ShareMethods
from moodreel._sync.webhooks import WebhookMethods


class Client(
    JobMethods,
    ShareMethods,
    BucketMethods,
    CameraMethods,
    RecordingMethods,
    WebhookMethods,
    AccountMethods,
):
    """A client of one account. Close it, or use it in a `with` block. Threads can share a `Client`.
    An `AsyncClient` has the same methods as coroutines, for one event loop of asyncio.

    Args:
        base_url: The address of the API; by default MOODREEL_URL of the environment.
        api_key: An API key; by default MOODREEL_API_KEY of the environment.
        token: An ID token, in place of a key.
        credentials: Another way to sign in, such as `Password`, in place of a key.
        retry_s: For how long a request is repeated after 429, 503 and lost connections.
        timeout_s: For how long one request waits for each part of its response.
        allow_http: Whether the key may be sent without TLS to another machine.
        transport: Replaces the connections of httpx.

    Raises:
        ValueError: There is no address or no key, or the address is not one of HTTPS.
    """
