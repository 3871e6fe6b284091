"""Calls the model with a bounded number of attempts, and caches its answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from functions.slide_generation.deck.model_request import PROMPT_VERSION
from shared.entrypoints.stage import UnitContext
from shared.errors import MoodreelError, PermanentError
from shared.pipeline import SLIDES_PREFIX, Bucket
from shared.ports.models import EMULATOR_PREFIX, AnswerUnusable, DeckModel, ModelRequest
from shared.privacy.data_requests import owner_hash
from shared.recipes.films.deck_fields import DeckRejected
from shared.runtime.results_writer import read_object, write_once

MAX_ATTEMPTS = 3
"""Number of calls to the model before the deck fails."""

T = TypeVar("T")


class DeckUnusable(PermanentError):
    """The model returned no usable deck; word the prompt differently."""

    code = "deck-unusable"


def ask_model(
    model: DeckModel,
    request: ModelRequest,
    parse: Callable[[str], T],
    check: Callable[[], None],
    find_flaws: Callable[[T], Sequence[str]] = lambda _: (),
) -> tuple[T, int]:
    """Returns the first answer without flaws that `parse` accepts, and the number of calls.

    If each answer has flaws, the one with the fewest kinds of them is returned. An emulator is not
    asked again for flaws: it gives the same answer. After an answer with flaws, an error of the
    model ends the attempts.

    Each attempt sends the same request. The reason of a rejection is not sent to the model, because
    that text can contain untrusted text of the answer.

    Args:
        check: called before each call; raises to stop the work.
        find_flaws: returns sentences about what is bad in an answer that can be used.

    Raises:
        DeckUnusable: no answer could be parsed. Errors of the model are raised unchanged if no
            answer came before them.
    """
    reason: Exception | None = None
    flawed: list[tuple[int, T]] = []
    calls = 0
    while calls < MAX_ATTEMPTS:
        check()
        calls += 1
        try:
            answer = parse(model.generate(request))
        except (AnswerUnusable, DeckRejected) as error:
            reason = error
            continue
        except MoodreelError:
            if not flawed:
                raise
            break
        flaws = len(find_flaws(answer))
        if not flaws or model.engine.startswith(EMULATOR_PREFIX):
            return answer, calls
        flawed.append((flaws, answer))
    if flawed:
        return min(flawed, key=lambda item: item[0])[1], calls
    raise DeckUnusable(
        f"The model gave no usable deck in {MAX_ATTEMPTS} attempts. {reason} "
        "Word the prompt differently, or ask for fewer slides."
    ) from reason


def ask_with_cache(
    context: UnitContext,
    model: DeckModel,
    request: ModelRequest,
    parse: Callable[[str], dict[str, Any]],
    *,
    find_flaws: Callable[[dict[str, Any]], Sequence[str]] = lambda _: (),
    salt: str = "",
) -> tuple[dict[str, Any], int]:
    """Returns the parsed answer of the model, and the number of calls.

    The number is 0 if the same owner sent the same request before.

    Args:
        parse: returns the answer as a JSON-able value.
        find_flaws: see `ask_model`.
        salt: part of the cache key; distinguishes requests with the same content.
    """
    key = request_key(request, model.engine, context.job.owner, salt)
    name = f"{SLIDES_PREFIX}{owner_hash(context.job.owner)}/{key}.json"
    stored, calls = context.objects.stat(Bucket.WORK, name), 0
    if stored is None:
        parsed, calls = ask_model(model, request, parse, context.check, find_flaws)
        content = json.dumps(parsed, ensure_ascii=False, separators=(",", ":")).encode()
        stored = write_once(
            context.objects, Bucket.WORK, name, content, content_type="application/json", spec=key
        )
    # Read back even after writing: a concurrent attempt may have written another answer first.
    answer: dict[str, Any] = json.loads(read_object(context.objects, stored))
    return answer, calls


def request_key(request: ModelRequest, engine: str, owner: str, salt: str = "") -> str:
    """Returns the content address of an answer.

    The owner is part of it, so that no user can find out the requests of another one.
    """
    content = [PROMPT_VERSION, owner, engine, request.system, request.text, request.schema, salt]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
