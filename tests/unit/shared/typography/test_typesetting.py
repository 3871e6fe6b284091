"""Layout of text in lines: no text is lost, no line is too wide, line breaks are correct."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.typography.bidi import is_rtl
from shared.typography.coverage import read_coverage
from shared.typography.faces import Style, split_runs, to_displayable
from shared.typography.fonts import INTER, covers, load_font
from shared.typography.line_breaks import split_at_breaks
from shared.typography.typesetting import Text
from tests.fixtures.media.decks import SCRIPTS

LATIN = Style("en")


def drawn_width(line: str, style: Style, size_px: int) -> float:
    return sum(
        load_font(face, size_px, style.weight).getlength(run)
        for face, run in split_runs(line, style)
    )


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.parametrize("width_px", [150, 400])
def test_lines_fit_the_width_and_preserve_the_text(language: str, width_px: int) -> None:
    style = Style(language, 700)
    for text in SCRIPTS[language]:
        for size_px in (18, 33, 70):
            block = Text(text, style).lay_out(size_px, width_px)
            for line in block.lines:
                assert drawn_width(line.text, style, size_px) <= width_px + 1
            result = "".join(line.text for line in block.lines)
            assert result.replace(" ", "") == text.replace(" ", "")


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1)
)
@settings(max_examples=150)
def test_any_text_can_be_laid_out(text: str) -> None:
    text_layout = Text(text, LATIN)
    block = text_layout.lay_out(24, 300)
    # A single character may be wider than the line.
    assert all(line.width <= 300 for line in block.lines if len(line.text) > 1)


@pytest.mark.parametrize("language", SCRIPTS)
def test_one_font_face_covers_a_text_in_its_own_script(language: str) -> None:
    for text in SCRIPTS[language]:
        ((face, run),) = split_runs(text, Style(language))
        assert run == text
        assert covers(face, text)


def test_text_in_several_scripts_is_split_into_runs() -> None:
    runs = split_runs("Bread is 빵 and ขนมปัง", Style("en"))
    assert "".join(run for _, run in runs) == "Bread is 빵 and ขนมปัง"
    assert all(covers(face, run) for face, run in runs)
    assert len({face for face, _ in runs}) >= 2


def test_emoji_are_kept() -> None:
    for text in ("Plants 🌱 grow 👩🏽\u200d🔬 fast", "🎉", "Sun ☀ and ✔"):
        assert to_displayable(text, LATIN) == text


def test_line_breaks_respect_japanese_punctuation() -> None:
    text = "植物は「光合成」という仕組みで、水と空気から（驚くことに）食べ物を作ります。"
    for width_px in range(60, 400, 7):
        lines = Text(text, Style("ja")).lay_out(24, width_px).lines
        assert not any(line.text[0] in "」、。）" for line in lines)
        assert not any(line.text[-1] in "「（" for line in lines)


def test_long_word_is_scaled_before_it_is_cut() -> None:
    word = "Donaudampfschifffahrtsgesellschaft"
    block = Text(word, LATIN).fit(range(80, 20, -1), 600, 300)
    assert block is not None
    assert [line.text for line in block.lines] == [word]
    cut = Text(word * 8, LATIN).fit(range(40, 30, -1), 300, 2000)
    assert cut is not None
    assert "".join(line.text for line in cut.lines) == word * 8


WORDS = {
    "en": ("How", "photosynthesis", "works", "and", "electroencephalographically", "driven", "air"),
    "de": ("Wie", "Lebensversicherungsgesellschaften", "im", "Vergleich", "arbeiten", "können"),
    "fi": ("Lentokonesuihkuturbiinimoottori", "ja", "apumekaanikko", "järjestelmä", "on"),
    "vi": ("Cây", "xanh", "tạo", "ra", "thức", "ăn"),
    "el": ("Πώς", "η", "ηλεκτροεγκεφαλογράφημα", "φωτοσύνθεση", "λειτουργεί"),
    "ru": ("Как", "работает", "электроэнцефалографический", "фотосинтез", "и"),
    "ar": ("كيف", "تعمل", "والاستقلالية", "البيولوجية"),
    "hi": ("प्रकाश", "संश्लेषण", "अंतरराष्ट्रीयकरण", "कैसे"),
    "ko": ("광합성은", "어떻게", "이루어질까요", "국제화"),
    "und": (
        "Film",
        "👨‍👩‍👧‍👦",
        "электроэнцефалографический",
        "🇸🇪",
        "국제화",
        "العطلة",
        "👍🏽",
        "2024",
    ),
}


@given(
    st.sampled_from(sorted(WORDS)).flatmap(
        lambda language: st.tuples(
            st.just(language),
            st.lists(st.sampled_from(WORDS[language]), min_size=1, max_size=9),
        )
    ),
    st.integers(120, 1920),
    st.integers(60, 1080),
    st.integers(20, 160),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_word_is_cut_while_a_size_exists_at_which_it_fits(
    text: tuple[str, list[str]], width_px: int, height_px: int, largest_px: int, balanced: bool
) -> None:
    language, words = text
    style = Style(language, 700)
    block = Text(" ".join(words), style).fit(
        range(largest_px, 7, -1), width_px, height_px, balanced=balanced
    )
    if block is not None and max(Text(w, style).lay_out(8, 9_999).width for w in words) <= width_px:
        assert [word for line in block.lines for word in line.text.split()] == words
    for size_px in (8, largest_px):
        laid_out = Text(" ".join(words), style).lay_out(size_px, width_px, balanced=balanced)
        whole = [word for line in laid_out.lines for word in line.text.split()]
        widest = max(Text(word, style).lay_out(size_px, 9_999).width for word in words)
        assert whole == words or widest > width_px


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("photosynthesis-driven", ["photosynthesis-", "driven"]),
        ("state-of-the-art", ["state-", "of-", "the-", "art"]),
        ("e-mail", ["e-mail"]),
        ("and/or", ["and/", "or"]),
        ("2020-2024", ["2020-2024"]),
        ("zero\u200bwidth", ["zero\u200b", "width"]),
        ("בית־ספר", ["בית־", "ספר"]),
    ],
)
def test_line_breaks_after_a_hyphen(text: str, parts: list[str]) -> None:
    assert split_at_breaks(text) == parts


def test_address_is_cut_after_a_mark_before_a_word_of_it_is_cut() -> None:
    address = "https://example.com/photosynthesis.of_plants?chapter=chlorophyll&page=introduction"
    for width_px in range(170, 600, 7):
        lines = [line.text for line in Text(address, LATIN).lay_out(20, width_px).lines]
        assert "".join(lines) == address
        assert all(line[-1] in "-/_.&=?" for line in lines[:-1]), lines


def test_balanced_lines_have_similar_widths() -> None:
    heading = Text("How plants make all the food they need from light and air", LATIN)
    plain = heading.lay_out(40, 900)
    even = heading.lay_out(40, 900, balanced=True)
    assert len(even.lines) == len(plain.lines) == 2
    widths = [line.width for line in even.lines]
    assert max(widths) - min(widths) < 0.25 * max(widths)


def test_direction_follows_the_first_strong_character() -> None:
    assert is_rtl("123 שלום world")
    assert not is_rtl("CO2 שלום")
    assert not is_rtl("123")


def test_coverage_is_read_from_the_font_file() -> None:
    coverage = read_coverage(INTER.path)
    assert "A" in coverage
    assert "ж" in coverage
    assert "骨" not in coverage
    assert "\U0001f389" not in coverage


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Elle disait : « Une tarte se mange tiède » !", ["disait :", "« Une", "tiède » !"]),
        ("He rides 13 km on his wooden machine", ["13 km"]),
        ("Der Ofen hat 200 °C und 5 % mehr", ["200 °C", "5 %"]),
        ("Fuel costs fell by 1\u00a0200\u202f€ in a year", ["1 200 €"]),
    ],
)
def test_lines_do_not_break_beside_marks_and_between_numbers_and_units(
    text: str, kept: list[str]
) -> None:
    for width_px in range(130, 700, 7):
        lines = [line.text for line in Text(text, LATIN).lay_out(24, width_px).lines]
        assert all(any(part in line for line in lines) for part in kept), lines
        assert " ".join(lines) == " ".join(text.split())


def test_words_that_belong_together_are_separated_before_one_is_cut() -> None:
    lines = [line.text for line in Text("« Photosynthesis »", LATIN).lay_out(24, 175).lines]
    assert lines == ["«", "Photosynthesis", "»"]
