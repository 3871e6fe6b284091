"""What a voice reads for units, symbols and abbreviations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.text_to_speech.spoken_text import to_spoken_text


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("About 40 % of it, at 5 °C.", "About 40 percent of it, at 5 degrees Celsius."),
        ("Light of 550 nm, e.g. green.", "Light of 550 nanometers, for example green."),
        ("It took 1 kg and 2.5 kg.", "It took 1 kilogram and 2.5 kilograms."),
        ("From 1998–2003 at 100 km/h.", "From 1998 to 2003 at 100 kilometers per hour."),
        ("$1.5M, €3bn or £20.", "1.5 million dollars, 3 billion euros or £20."),
        ("3 × 4 = 12 & CO₂ rises ~5%.", "3 times 4 equals 12 and C O 2 rises about 5 percent."),
        ("In the 1990s it ran 5 s on 12V.", "In the 1990s it ran 5 seconds on 12V."),
        ("A 4K film, v2.0 s, 5G, 24-hour.", "A 4K film, v2.0 s, 5G, 24-hour."),
        ("Route A → B, 10 ± 2 mm.", "Route A to B, 10 plus or minus 2 millimeters."),
        ("A film 🎬 of 🇸🇪 Sweden ❤️.", "A film of Sweden."),
        ("What I am, i am.", "What I am, i am."),
        ("A 1920x1080 film, 3 x 4, 0x41.", "A 1920 by 1080 film, 3 times 4, 0x41."),
        ("US$5bn, 9.81 m/s^2 and 5 μm.", "US$5bn, 9.81 m/s^2 and 5 micrometers."),
        ("E.g. cats. I.e. dogs.", "For example cats. That is dogs."),
        ("At 7 ⏰ press 1️⃣ ▶️ in 🏴󠁧󠁢󠁥󠁮󠁧󠁿 England.", "At 7 press 1 in England."),
    ],
)
def test_english_is_written_out(text: str, spoken: str) -> None:
    assert to_spoken_text(text, "en-GB") == spoken


def test_other_languages_are_unchanged_except_for_emoji() -> None:
    assert to_spoken_text("5 kg, z. B. 40 % 🎬", "de") == "5 kg, z. B. 40 %"


@given(st.text(), st.sampled_from(["en", "de", "ja"]))
def test_a_sentence_never_becomes_empty(text: str, language: str) -> None:
    assert to_spoken_text(text, language) or not text
