"""Messages of errors of Gemini, which users see in their jobs."""

from __future__ import annotations

import pytest

from shared.adapters.gemini.responses import to_error


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            "403 POST https://aiplatform.googleapis.com/v1/projects/p: Permission denied on "
            "resource //aiplatform.googleapis.com/projects/p/models/m (or it may not exist).",
            "Permission denied on resource … (or it may not exist).",
        ),
        ("Enable it at https://console.developers.google.com/apis?project=9.", "Enable it at …"),
        ("No route to 127.0.0.1:8605 now", "No route to … now"),
        ("No route to [::1]:8605 or metadata.google.internal", "No route to … or …"),
        ("The request has 9 errors " + "x" * 50_000, "The request has 9 errors " + "x" * 175),
        ("Unsupported response modalities: image", "Unsupported response modalities: image"),
        ("models/gemini-9 is not found", "models/gemini-9 is not found"),
    ],
)
def test_message_has_no_address(message: str, text: str) -> None:
    assert str(to_error(403, message)) == f"The model refuses the request (403): {text}"
