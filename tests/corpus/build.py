"""Rows out of recipes, and out of what is made of them."""

from __future__ import annotations

from typing import Any

from tests.corpus.corpus_file import Done, Failed, Make, Row, shown
from tests.corpus.encoding import (
    SHORT,
    bytes_of,
)
from tests.fixtures.media.clips import Clip, Recipe


def of_recipe(name: str, recipe: Recipe, skipped: int = 0) -> Row:
    """A common recipe; its first `skipped` pictures are never shown."""

    def counters() -> tuple[int, ...]:
        clip = recipe.make()
        zero = clip.times[skipped]
        moved = Clip(clip.path, tuple(one - zero for one in clip.times[skipped:]), clip.end - zero)
        return tuple(one + skipped for one in shown(moved, "0.7"))

    return Row(
        name,
        f"{recipe.codec} in {recipe.suffix}",
        lambda _: bytes_of(recipe),
        Done(counters, every="0.7"),
        recipe.suffix,
        common=name in ("rotated-90", "mirrored-270", "mpegts-wrap", "hevc"),
    )


def clip_row(name: str, told: str, recipe: Recipe, *, common: bool = False) -> Row:
    """A recipe of its own."""
    return odd_row(name, told, lambda _: bytes_of(recipe), recipe, common=common)


def odd_row(
    name: str,
    told: str,
    make: Make,
    recipe: Recipe = SHORT,
    *,
    suffix: str = "",
    common: bool = False,
    **expected: Any,
) -> Row:
    """A file made of a recipe's, which must show the same."""
    counters = expected.pop("counters", lambda: shown(recipe.make(), "0.5"))
    return Row(name, told, make, Done(counters, **expected), suffix or recipe.suffix, common=common)


def wrong_row(
    name: str, told: str, make: Make, code: str, suffix: str = "mp4", *, common: bool = False
) -> Row:
    """What must be refused."""
    return Row(name, told, make, Failed(code), suffix, common=common)
