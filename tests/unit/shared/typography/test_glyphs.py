"""Every letter of every script is drawn: no missing glyph, none invisible, in the right order."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from shared.typography.drawing import draw_at_baseline, split_visual_runs
from shared.typography.faces import (
    REPLACEMENT,
    Style,
    describe_replacements,
    select_main_face,
    split_runs,
    title_style,
    to_displayable,
)
from shared.typography.fonts import EMOJI, INTER, FontFace, load_font
from shared.typography.graphemes import is_emoji, is_ignorable, split_graphemes
from shared.typography.line_breaks import split_at_breaks
from shared.typography.single_line import lay_out_line, line_width, truncate_line

SIZE_PX = 24
WORDS = {
    "Latin": "Café söndag łódź ñandú Việt",
    "Latin, decomposed": unicodedata.normalize("NFD", "Café söndag ñandú Việt"),
    "Greek": "Πώς τα φυτά",
    "Greek, decomposed": unicodedata.normalize("NFD", "Πώς ή ΐ"),
    "Cyrillic": "Съёмка відео",
    "Armenian": "Հայաստան",
    "Georgian": "საქართველო",
    "Hebrew": "סרט שָׁלוֹם",
    "Arabic": "فيلم العُطلة ٢٠٢٤",
    "Persian": "می‌شود گچ",
    "Urdu": "ٹیلی وژن",
    "Devanagari": "छुट्टियों की फ़िल्म",
    "Bengali": "বাংলা ছবি",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Gujarati": "ગુજરાતી",
    "Oriya": "ଓଡ଼ିଆ",
    "Tamil": "தமிழ் படம்",
    "Telugu": "తెలుగు",
    "Kannada": "ಕನ್ನಡ",
    "Malayalam": "മലയാളം",
    "Sinhala": "සිංහල",
    "Thai": "วันหยุดที่เชียงใหม่",
    "Lao": "ພາສາລາວ",
    "Khmer": "ភាសាខ្មែរ",
    "Myanmar": "မြန်မာ",
    "Ethiopic": "ልደት",
    "Chinese": "电影 電影",
    "Japanese": "夏休みの映画",
    "Korean": "여름휴가",
    "Korean, decomposed": unicodedata.normalize("NFD", "여름휴가"),
    "numbers": "2024 ½ ² ① Ⅳ – “€” → ∑ ✔ ☀ ♫",
    "letters of mathematics": "𝓗𝓮𝓵𝓵𝓸 𝟜𝟚 𝔽𝕚𝕝𝕞",
    "emoji": "🎬 ❤️ ☀️ 1️⃣ #️⃣ ©️ 🅰️",
    "sequences": "👨‍👩‍👧‍👦 👩🏽‍🔬 👍🏿 🏳️‍🌈 🏴‍☠️ 🇸🇪🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🐦‍🔥",
}
UND = Style("und")


@lru_cache(maxsize=4096)
def _mask(face: FontFace, text: str) -> bytes:
    mask = load_font(face, SIZE_PX, 400).getmask(text)
    return b"%d %d " % mask.size + bytes(mask)


def _check_glyphs(text: str, style: Style) -> None:
    for face, run in split_runs(text, style):
        # A noncharacter is in no font.
        missing = _mask(face, "\U0010ffff")
        for grapheme in split_graphemes(run):
            mask = _mask(face, grapheme)
            assert mask != missing or not any(missing.split(b" ", 2)[2]), (face.file, grapheme)
            if not grapheme.isspace():
                assert any(mask.split(b" ", 2)[2]), (face.file, grapheme, "has no ink")


@pytest.mark.parametrize("script", WORDS)
def test_every_grapheme_of_every_script_is_drawn(script: str) -> None:
    text = WORDS[script]
    shown = to_displayable(text, UND)
    assert unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", text)
    _check_glyphs(shown, UND)


@given(
    st.lists(st.sampled_from([word for text in WORDS.values() for word in text.split()])),
    st.sampled_from(["", " ", " – ", "_"]),
    st.sampled_from(["en", "ar", "ja", "ko", "zh-Hant", "und"]),
)
@settings(max_examples=150, deadline=None)
def test_no_letter_of_a_mixed_line_is_lost(words: list[str], separator: str, language: str) -> None:
    text, style = separator.join(words), Style(language)
    shown = to_displayable(text, style)
    assert unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", text)
    assert "".join(run for _, run in split_runs(shown, style)) == shown
    _check_glyphs(shown, style)
    block = lay_out_line(text, SIZE_PX, style)
    for line in block.lines:
        drawn = split_visual_runs(line.text, block, rtl=block.rtl)
        assert sorted("".join(run for _, run, _ in drawn)) == sorted(line.text)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_text_has_a_missing_glyph_or_disappears(text: str) -> None:
    shown = to_displayable(text, UND)
    for face, run in split_runs(shown, UND):
        missing = _mask(face, "\U0010ffff")
        for grapheme in split_graphemes(run):
            if any(missing.split(b" ", 2)[2]):
                assert _mask(face, grapheme) != missing, (face.file, grapheme)
    if not text.isspace():
        assert any(not char.isspace() and not is_ignorable(char) for char in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \ue000 b", "a \ufffd b"),  # private use
        ("x\U0001faff\U0001fafe", "x\ufffd\ufffd"),  # not assigned yet
        ("🧑\u200d\U0001faff!", "🧑\ufffd!"),  # a sequence with a part that is too new
        ("\u202egpj\u202c", "gpj"),  # an override would change the order of the letters
        ("a\x07b", "ab"),
        ("\u200b\u2066", "–"),
        ("\ufa19 \u795e", "\ufa19 \u795e"),  # variants of one character
        ("中\u0e49 й\u0e49", "中\u0e49 й\u0e49"),  # a letter and a mark of two fonts
    ],
)
def test_character_that_no_face_has_is_replaced_visibly(text: str, shown: str) -> None:
    assert to_displayable(text, UND) == shown
    _check_glyphs(shown, UND)


def test_replaced_characters_are_reported_once() -> None:
    shown = ["Café 🎬 👨‍👩‍👧‍👦 می‌شود", "e\u0323\u0301", "\u202e\u200b x\ty", *WORDS.values()]
    assert describe_replacements(shown, UND) == ()
    assert describe_replacements(["a \U0001faff", "\U0001faff \ue000"], UND) == (
        "Characters that no font has are shown as �: U+1FAFF, U+E000.",
    )
    (many,) = describe_replacements([chr(0xE000 + n) for n in range(9)], UND)
    assert many.endswith("U+E004 and others.")


@pytest.mark.parametrize(
    "grapheme", ["👨‍👩‍👧‍👦", "👩🏽‍🔬", "👍🏿", "🏳️‍🌈", "🇸🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "❤️", "ễ", "क्षि", "น้ำ", "각"]
)
def test_grapheme_is_neither_cut_nor_split_over_faces(grapheme: str) -> None:
    assert split_graphemes(f"a{grapheme}{grapheme}b") == ["a", grapheme, grapheme, "b"]
    assert grapheme in split_at_breaks(f"{grapheme}日{grapheme}")
    ((face, run),) = split_runs(grapheme, UND)
    assert run == grapheme
    assert (face == EMOJI) == is_emoji(grapheme)


@pytest.mark.parametrize("sequence", ["👨‍👩‍👧‍👦", "👩🏽‍🔬", "👍🏿", "🏳️‍🌈", "🇸🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣"])
def test_emoji_sequence_is_drawn_as_one_picture(sequence: str) -> None:
    font = load_font(EMOJI, 48, 400)
    assert font.getlength(sequence) < 1.3 * font.getlength("🎬")


def test_emoji_in_text_presentation_and_digits_have_the_face_of_the_text() -> None:
    assert [face == EMOJI for face, _ in split_runs("🎬 2024 ☀\ufe0e", UND)] == [True, False]


def test_text_has_one_main_face_whatever_its_other_scripts_are() -> None:
    runs = split_runs("Café 🎬 film 日本 (2)", UND, INTER)
    assert [run for face, run in runs if face == INTER] == ["Café ", " film ", " (2)"]
    assert select_main_face("film 日本 ขนมปังอร่อย", UND).file.endswith("NotoSansThai[wdth,wght].ttf")


def test_chinese_characters_beside_kana_or_hangul_have_the_shapes_of_that_language() -> None:
    assert title_style("夏休み").language == "ja"
    assert title_style("여름 夏").language == "ko"
    assert title_style("电影").language == "und"


def test_truncated_line_fits_and_ends_after_a_grapheme() -> None:
    text = "Família 👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦 cafe\u0301s"
    for width_px in range(20, 400, 13):
        block = truncate_line(text, SIZE_PX, UND, width_px)
        (line,) = block.lines
        assert line_width(block) <= width_px
        kept = line.text.removesuffix("…")
        assert unicodedata.normalize("NFC", text).startswith(kept)
        assert not kept.endswith("\u200d")
    assert truncate_line(text, SIZE_PX, UND, 9_999).lines[0].text.endswith("cafés")


def test_line_is_shortened_at_a_word_where_one_fits() -> None:
    text = "Nobody had told us, not even 手紙が届いた"
    for width_px in range(120, 700, 13):
        (line,) = truncate_line(text, SIZE_PX, UND, width_px, at_words=True).lines
        kept = line.text.removesuffix("…")
        assert text.startswith(kept)
        if kept.isascii() and " " in kept:
            assert text[len(kept)] == " "
    # In a script without spaces a line may end after each character.
    shortened = truncate_line("手紙が届いた" * 9, SIZE_PX, UND, 300, at_words=True).lines[0].text
    assert len(shortened) > 4
    # A word that is wider than the line is cut.
    assert truncate_line("x" * 99, SIZE_PX, UND, 200, at_words=True).lines[0].text.startswith("xx")


@pytest.mark.parametrize("align", ["left", "middle", "right"])
def test_line_is_aligned_to_a_point_of_its_baseline(align: str) -> None:
    for text in ("Film 日本", "סרט 日本 x"):
        picture = Image.new("L", (400, 60))
        block = lay_out_line(text, SIZE_PX, UND)
        draw_at_baseline(ImageDraw.Draw(picture), block, (200, 40), 255, align)  # type: ignore[arg-type]
        box = picture.getbbox()
        assert box is not None
        left, right = box[0], box[2]
        expected = {"left": left, "middle": (left + right) / 2, "right": right}[align]
        assert expected == pytest.approx(200, abs=4)


def test_replacement_is_in_a_face() -> None:
    assert REPLACEMENT in to_displayable(REPLACEMENT, UND)
    _check_glyphs(REPLACEMENT, UND)
