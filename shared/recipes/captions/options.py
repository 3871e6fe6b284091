"""The options of captions: the spoken language, and whether a video with captions is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, cast, get_args

from shared.recipes.option_fields import Option
from shared.recipes.option_values import (
    OptionErrors,
    check_option_names,
    join_words,
    parse_choice,
)

AUTO_LANGUAGE = "auto"
CaptionedVideo = Literal["none", "soft", "burned", "both"]
CAPTION_OPTION_NAMES = ("language", "video")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")
"""A BCP 47 tag (RFC 5646 §2.1) of language, script and region."""


@dataclass(frozen=True, slots=True)
class CaptionOptions:
    """The options of captions."""

    language: Annotated[
        str,
        Option(
            'The spoken language as a BCP 47 tag such as en or pt-BR; "auto" recognizes it.',
            pattern=rf"^({AUTO_LANGUAGE}|{_LANGUAGE.pattern})$",
        ),
    ] = AUTO_LANGUAGE
    video: Annotated[
        CaptionedVideo,
        Option(
            'Copies of the video: "soft" has a subtitle track, "burned" has the captions in its '
            'pictures, "both" makes both.'
        ),
    ] = "none"

    @property
    def has_subtitle_track(self) -> bool:
        """Whether a copy with a subtitle track is made."""
        return self.video in ("soft", "both")

    @property
    def is_burned(self) -> bool:
        """Whether a copy with the captions in its pictures is made."""
        return self.video in ("burned", "both")

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> CaptionOptions:
        """Parses options as a user writes them; an absent option or None is the default.

        Raises:
            InvalidOptions: With messages that state the errors and the accepted values.
        """
        errors = OptionErrors()
        listing = join_words(CAPTION_OPTION_NAMES, "and")
        errors.read(
            "options", None, lambda: check_option_names(options, CAPTION_OPTION_NAMES, listing)
        )
        values = {name: value for name, value in options.items() if value is not None}
        parsed = cls(
            errors.read(
                "language",
                AUTO_LANGUAGE,
                lambda: parse_spoken_language(values.get("language", AUTO_LANGUAGE)),
            ),
            cast(
                "CaptionedVideo",
                errors.read(
                    "video",
                    "none",
                    lambda: parse_choice(
                        "video", values.get("video", "none"), get_args(CaptionedVideo)
                    ),
                ),
            ),
        )
        errors.raise_collected()
        return parsed

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `parse` reads it back to an equal value."""
        return asdict(self)


def parse_spoken_language(value: object) -> str:
    """Returns "auto", or a language tag in its usual case: "PT-br" is "pt-BR"."""
    if value == AUTO_LANGUAGE:
        return AUTO_LANGUAGE
    match = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"language is {str(value)[:40]!r}; it can be auto, or a language tag such as en, "
            "pt-BR or cmn-Hans-CN."
        )
    language, script, region = match.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    return "-".join(part for part in parts if part)
