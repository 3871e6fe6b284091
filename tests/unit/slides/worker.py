"""Runs in slide_generation's own environment, which no test can share: one order a line in, one
answer a line out. Started by `conftest`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from functions.slide_generation.answers import ask
from functions.slide_generation.asking import model_request
from functions.slide_generation.outlining import read_outline
from shared.adapters.gemini import slide_model
from shared.domain.deck_options import DeckOptions
from shared.domain.prompt import Prompt
from shared.errors import MoodreelError, PermanentError


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """`{"client", "endpoint", "act": "answer" | "deck", "prompt", "source", "options"}`."""
    options = DeckOptions.parse(order["options"])
    request = model_request(Prompt(order["prompt"], order["source"]), options)
    model = slide_model(
        order["client"], model="some-model", api_key=order["key"],
        endpoint=order["endpoint"], timeout_s=1.0,
    )  # fmt: skip
    begin = time.monotonic()
    try:
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
            "took_s": time.monotonic() - begin,
        }
    return {"told": told, "engine": model.engine}


def main() -> None:
    """Until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
