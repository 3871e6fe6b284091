"""Chooses icons by the words of an English slide."""

from __future__ import annotations

import re
from dataclasses import replace

from shared.recipes.films.slides.icons import ICONS
from shared.recipes.films.slides.slide import Slide

_WORD = re.compile(r"[a-z]{3,}")
_SYNONYMS = {
    "animal": "paw-print", "astronaut": "rocket", "bank": "landmark", "beach": "tree-palm",
    "bicycle": "bike", "bread": "wheat", "business": "briefcase", "children": "school",
    "city": "building-2", "climate": "thermometer", "cold": "snowflake",
    "company": "building-2", "computer": "laptop", "country": "flag",
    "danger": "triangle-alert", "doctor": "stethoscope", "earth": "earth",
    "education": "graduation-cap", "electricity": "zap", "energy": "zap", "farm": "tractor",
    "fire": "flame", "food": "utensils", "forest": "trees", "friend": "users",
    "future": "telescope", "garden": "sprout", "goal": "target", "government": "landmark",
    "growth": "trending-up", "health": "heart-pulse", "heat": "thermometer", "home": "house",
    "idea": "lightbulb", "internet": "wifi", "law": "scale", "love": "heart",
    "medicine": "pill", "money": "coins", "night": "moon", "ocean": "ship", "people": "users",
    "phone": "smartphone", "photograph": "camera", "plant": "sprout", "price": "banknote",
    "quality": "badge-check", "rain": "cloud-rain", "river": "droplets", "road": "map",
    "safety": "shield-check", "science": "flask-conical", "sea": "sailboat", "security": "lock",
    "speed": "gauge", "sport": "dumbbell", "student": "graduation-cap", "team": "users",
    "technology": "cpu", "town": "building-2", "travel": "plane", "tree": "tree-deciduous",
    "war": "swords", "water": "droplet", "weather": "cloud", "winter": "snowflake",
    "world": "globe", "writing": "pen",
}  # fmt: skip
_AMBIGUOUS = (
    "flower", "key", "link", "mail", "map", "nut", "package", "plug", "save", "server", "star",
    "watch",
)  # fmt: skip
"""Icons whose words often mean something else."""
_BY_WORD = {
    **{name: name for name in ICONS if "-" not in name and name not in _AMBIGUOUS},
    **_SYNONYMS,
}

_MAX_WORDS = 6
"""The words of a text whose subject one of them may be; a longer one only mentions it."""


def add_icons(slide: Slide, language: str) -> Slide:
    """Returns the slide with an icon for each bullet, with one for itself, or without any.

    Only words of English are known; other languages have no icons.
    """
    if language.partition("-")[0] != "en" or slide.layout in ("chart", "quote"):
        return slide
    icons = [_find_icon(text) for text in slide.bullets]
    if (
        slide.layout in ("bullets", "process", "closing")
        and len(icons) > 1
        and len({*icons} - {""}) == len(icons)
    ):
        return replace(slide, icons=tuple(icons))
    # A single icon of a bullet is decoration without a subject.
    icon = _find_icon(slide.heading)
    return replace(slide, icons=(icon,)) if icon and slide.layout != "closing" else slide


def _find_icon(text: str) -> str:
    if len(text.split()) > _MAX_WORDS:
        return ""
    for word in _WORD.findall(text.lower()):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in _BY_WORD:
                return _BY_WORD[form]
    return ""
