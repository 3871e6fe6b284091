"""The settings that the console's page receives: a JSON block in index.html."""

from __future__ import annotations

import json
from typing import Any

from shared.runtime.settings import Settings


def page_settings(settings: Settings) -> dict[str, Any]:
    """Returns the settings of the page, as `web/src/settings.ts` types them.

    None of them is secret: a web API key only identifies the project.
    """
    emulators = None
    if settings.local:
        emulators = {
            "auth": f"http://{settings.auth_emulator}",
            "firestore": settings.firestore_emulator,
            "inbox": settings.inbox_url,
        }
    return {
        "api": settings.public_url,
        "downloads": downloads_url(settings),
        "firebase": {"apiKey": settings.web_api_key, "projectId": settings.project},
        "emulators": emulators,
    }


def downloads_url(settings: Settings) -> str:
    """Returns the URL of the function `downloads`; the API's where none is set."""
    return settings.media_url


def to_inline_json(value: Any) -> str:
    """Returns JSON that cannot end the `<script>` element that contains it."""
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c")
