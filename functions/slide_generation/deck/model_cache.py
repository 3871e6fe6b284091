"""Asking the model: as often as is sensible, and never twice for the same words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from functions.slide_generation.deck.model_request import PROMPT_VERSION
from shared.entrypoints.stage import UnitContext
from shared.errors import AnswerUnusable, DeckUnusable
from shared.pipeline import SLIDES_PREFIX, Bucket
from shared.ports.models import DeckModel, ModelRequest
from shared.privacy.data_requests import owner_hash
from shared.recipes.films.deck_fields import DeckRejected
from shared.runtime.results_writer import read_object, write_once

MAX_ATTEMPTS = 3
"""How often a model is asked before the prompt is given up."""

T = TypeVar("T")


def ask_model(
    model: DeckModel, request: ModelRequest, parse: Callable[[str], T], check: Callable[[], None]
) -> tuple[T, int]:
    """The first answer that `read` can read, and how many were asked for. `check` stops by raising.

    Every attempt is the same request: what was wrong is not shown to the model, since that text is
    no more to be trusted than the prompt. Raises DeckUnusable, and what the model raises.
    """
    reason: Exception | None = None
    for calls in range(1, MAX_ATTEMPTS + 1):
        check()
        try:
            return parse(model.generate(request)), calls
        except (AnswerUnusable, DeckRejected) as unusable:
            reason = unusable
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
    salt: str = "",
) -> tuple[dict[str, Any], int]:
    """What the model answered, as `read` reads it (JSON-able), and how often it was asked: 0 times
    when this person had the very same answered before. `once`: a word by which this wish differs
    from the same one at another time."""
    key = request_key(request, model.engine, context.job.owner, salt)
    name = f"{SLIDES_PREFIX}{owner_hash(context.job.owner)}/{key}.json"
    there, calls = context.objects.stat(Bucket.WORK, name), 0
    if there is None:
        told, calls = ask_model(model, request, parse, context.check)
        content = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        there = write_once(
            context.objects, Bucket.WORK, name, content, content_type="application/json", spec=key
        )
    # Also after writing: whoever was faster has asked the model another time.
    answer: dict[str, Any] = json.loads(read_object(context.objects, there))
    return answer, calls


def request_key(request: ModelRequest, engine: str, owner: str, salt: str = "") -> str:
    """The content address of an answer. The owner is part of it: nobody can find out what
    somebody else asked for."""
    content = [PROMPT_VERSION, owner, engine, request.system, request.text, request.schema, salt]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
