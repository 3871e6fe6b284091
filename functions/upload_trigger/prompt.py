"""Examines an uploaded prompt: plain text, not empty and not too long."""

from __future__ import annotations

from shared.ports.objects import ObjectStore
from shared.recipes.films.prompt import MAX_PROMPT_BYTES, Prompt, PromptEmpty, PromptTooLong
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import PromptInfo


def examine_prompt(objects: ObjectStore, stored: StoredObject) -> PromptInfo:
    """Returns the lengths of an uploaded prompt and its source, in characters.

    Raises a PermanentError of shared.recipes.films.prompt that names the cause.
    """
    if stored.size_bytes > MAX_PROMPT_BYTES:
        raise PromptTooLong(f"The prompt has more than {MAX_PROMPT_BYTES // 1000} kB.")
    if not stored.size_bytes:
        raise PromptEmpty
    data = objects.range_reader(stored.bucket, stored.name, stored.generation)(0, stored.size_bytes)
    prompt = Prompt.from_bytes(data)
    return PromptInfo(len(prompt.text), len(prompt.source))
