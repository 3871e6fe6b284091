"""Runs in an environment of slide_generation's own, which no test can share: one order a line in,
one answer a line out. Started by `conftest`."""

from __future__ import annotations

import json
import sys
from typing import Any

from functions.slide_generation.answers import ask
from functions.slide_generation.asking import model_request
from functions.slide_generation.outlining import read_outline
from shared.adapters.gemini import slide_model
from shared.adapters.gemini_access import GeminiAccess
from shared.domain.deck_options import DeckOptions
from shared.domain.pipeline import GeminiBackend
from shared.domain.prompt import Prompt
from shared.errors import MoodreelError, PermanentError


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """`{"client", "access", "act": "answer" | "deck", "prompt", "source", "options"}`; `access` is
    a GeminiAccess as a mapping."""
    options = DeckOptions.parse(order["options"])
    request = model_request(Prompt(order["prompt"], order["source"]), options)
    asked = dict(order["access"])
    access = GeminiAccess(GeminiBackend(asked.pop("backend")), "some-model", **asked)
    try:
        model = slide_model(order["client"], access)
        if order["act"] == "answer":
            told: Any = model.answer(request)
        else:
            deck, calls = ask(
                model, request, lambda answer: read_outline(answer, options), lambda: None
            )
            told = {"deck": deck.to_dict(), "calls": calls}
    except MoodreelError as error:
        return {
            "error": error.code,
            "message": str(error),
            "permanent": isinstance(error, PermanentError),
        }
    return {"told": told, "engine": model.engine}


def main() -> None:
    """Until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
