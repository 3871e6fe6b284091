"""Words that the voices of a film's language do not read."""

from __future__ import annotations

import pytest

from shared.recipes.films.foreign_words import describe_foreign_words, find_foreign_words
from tests.fixtures.media.decks import SCRIPTS


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The country 日本 is called Japan.", "en", ["日本"]),
        ("さくら and サクラ are cherry trees.", "en-GB", ["さくら", "サクラ"]),
        ("Das Wort привет heißt hallo, привет!", "de", ["привет"]),
        ("In Athen sagt man γεια, in Kairo مرحبا, in Delhi नमस्ते.", "de", ["γεια", "مرحبا", "नमस्ते"]),
        ("서울 is the capital.", "en", ["서울"]),
        ("Москва 是俄罗斯的首都。", "zh", ["Москва"]),
        ("東京はБерлинより大きい。", "ja", ["Берлин"]),
        ("π is 3.14, 5 kΩ, 3 µm, H₂O, naïve Ångström, 50 ½ 1º", "en", []),
        ("Google と YouTube の 日本語 サイト", "ja", []),
        ("Компания Google и μ", "ru", []),
        ("Beograd ili Београд", "sr-Latn", []),
        ("植物用光製造食物。", "zh-Hant-HK", []),
        ("人々の代々木、々々、ｶﾀｶﾅ", "ja", []),
        ("👍🏽 ✓ → 100 %", "en", []),
    ],
)
def test_words_in_another_script(text: str, language: str, words: list[str]) -> None:
    assert find_foreign_words(text, language) == words


def test_every_language_reads_its_own_texts() -> None:
    for language, texts in SCRIPTS.items():
        assert describe_foreign_words(texts, language) is None, language


def test_warning_names_the_words_once() -> None:
    texts = ["日本 and 東京", "日本, 大阪, 京都, 奈良, 神戸, 札幌"]
    assert describe_foreign_words(texts, "en") == (
        "The narration is in en, whose voices may leave out or spell out words in another script: "
        "日本, 東京, 大阪, 京都, 奈良 and 2 more. Write them in the letters of the language."
    )
