"""The HTTP session of the client."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage


def save_requests(client: storage.Client) -> None:
    """Lets the client do no work that its results do not need. It has no options for it.

    Its session looks for proxies, certificates and passwords in the environment with every request:
    an eighth of the CPU time of a request (measured). For its only host, they are read once. After
    a 404 the client reads its bucket, for spans of traces that this project does not record.
    """
    internals: Any = client
    session, url = internals._http, internals._connection.API_BASE_URL
    settings = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = settings["proxies"], settings["verify"]
    session.trust_env = False
    internals._bucket_metadata_cache = None
