"""Which of the service's languages a tag means, and the sentence for an unknown one."""

from __future__ import annotations

import pytest

from shared.recipes.recognition_languages import (
    describe_unknown_language,
    find_recognition_language,
)

CHIRP = ("ar-EG", "ar-SA", "cmn-Hans-CN", "cmn-Hant-TW", "de-DE", "en-AU", "en-GB", "en-US",
         "es-ES", "es-US", "iw-IL", "no-NO", "pt-BR", "pt-PT", "yue-Hant-HK")  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en-US"),
        ("en-gb", "en-GB"),
        ("en-NZ", "en-US"),
        ("de", "de-DE"),
        ("de-AT", "de-DE"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-PT"),
        ("zh", "cmn-Hans-CN"),
        ("zh-Hant", "cmn-Hant-TW"),
        ("zh-TW", "cmn-Hant-TW"),
        ("zh-HK", "yue-Hant-HK"),
        ("he", "iw-IL"),
        ("nb", "no-NO"),
        ("ar", "ar-EG"),
        ("ja", None),
    ],
)
def test_tag_means_the_language_of_the_nearest_region(tag: str, language: str | None) -> None:
    assert find_recognition_language(tag, CHIRP) == language


def test_languages_without_regions_are_found() -> None:
    assert find_recognition_language("en-GB", ("en",)) == "en"
    assert find_recognition_language("zh-CN", ("en", "zh")) == "zh"
    assert find_recognition_language("de", ("en",)) is None
    assert find_recognition_language("de", ()) is None


def test_sentence_names_the_languages_that_are_known() -> None:
    assert describe_unknown_language("de", ("en",)) == (
        "Speech recognition does not know de; it knows en."
    )
    assert describe_unknown_language("ja", ("de-DE", "en-US", "en-GB")) == (
        "Speech recognition does not know ja; it knows de and en."
    )
