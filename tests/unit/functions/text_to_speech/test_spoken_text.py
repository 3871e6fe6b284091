"""What a voice reads for units, symbols and abbreviations."""

from __future__ import annotations

import re

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
        ("$1.5M, €3bn or £20.", "1.5 million dollars, 3 billion euros or 20 pounds."),
        ("3 × 4 = 12 & CO₂ rises ~5%.", "3 times 4 equals 12 and C O 2 rises about 5 percent."),
        ("In the 1990s it ran 5 s on 12V.", "In the 19 nineties it ran 5 seconds on 12V."),
        ("A 4K film, v2.0 s, 5G, 24-hour.", "A 4K film, v2.0 s, 5G, 24-hour."),
        ("Route A → B, 10 ± 2 mm.", "Route A to B, 10 plus or minus 2 millimeters."),
        ("A film 🎬 of 🇸🇪 Sweden ❤️.", "A film of Sweden."),
        ("What I am, i am.", "What I am, i am."),
        ("$5.50, $1, €2.01, US$5 million, 100 €.",
         "5 dollars and 50 cents, 1 dollar, 2 euros and 1 cent, 5 million US dollars, 100 euros."),
        ("20°C–25°C, 3-5 km, 1990-2000, 555-1234.",
         "20 degrees Celsius to 25 degrees Celsius, 3 to 5 kilometers, 1990 to 2000, 555-1234."),
        ("9:30 am – 5 pm, at 9 a.m. today.", "9:30 am to 5 pm, at 9 am today."),
        ("Dr. Who met Mr. X on Main St. Then", "Doctor Who met Mister X on Main St. Then"),
        ("J. R. R. Tolkien, the U.S. Army.", "J R R Tolkien, the U S Army."),
        ("Vitamin C. It was I. World War I.", "Vitamin C. It was I. World War I."),
        ("Fig. 3, pp. 3–5, No. 7, § 2. No.", "figure 3, pages 3 to 5, number 7, section 2. No."),
        ("1/2 cup, 2½ cups, 24/7, 1/2/2024.",
         "one half cup, 2 and one half cups, 24/7, 1/2/2024."),
        ("5 ℃, 5 μm, 5 ‰, 5 kg/m³, 10 cm x 20 cm.",
         "5 degrees Celsius, 5 micrometers, 5 per mille, 5 kilograms per cubic meter, "
         "10 centimeters by 20 centimeters."),
        ("x² + y³, 10^6, ≥ 5, < 3, ±2.",
         "x squared plus y cubed, 10 to the power of 6, at least 5, less than 3, "
         "plus or minus 2."),
        ("Pears, plums, etc.", "Pears, plums, et cetera."),
        ("The 2000s, 1900s, 100k users, w/o it.",
         "The 2 thousands, 19 hundreds, 100 thousand users, without it."),
        ("A 1920x1080 film, 3 x 4, 0x41.", "A 1920 by 1080 film, 3 times 4, 0x41."),
        ("US$5bn, 9.81 m/s^2, 5 kg^2.",
         "5 billion US dollars, 9.81 meters per second squared, 5 kg^2."),
        ("E.g. cats. I.e. dogs.", "For example cats. That is dogs."),
        ("At 7 ⏰ press 1️⃣ ▶️ in 🏴󠁧󠁢󠁥󠁮󠁧󠁿 England.", "At 7 press 1 in England."),
    ],
)  # fmt: skip
def test_english_is_written_out(text: str, spoken: str) -> None:
    assert to_spoken_text(text, "en-GB") == spoken


def test_other_languages_are_unchanged_except_for_emoji() -> None:
    assert to_spoken_text("5 kg, z. B. 40 % 🎬", "de") == "5 kg, z. B. 40 %"


@given(st.text(), st.sampled_from(["en", "de", "ja"]))
def test_a_sentence_never_becomes_empty(text: str, language: str) -> None:
    assert to_spoken_text(text, language) or not text


@given(st.text(st.sampled_from("0123456789.,-–$€£%°Ckmg ×x≥<>±&#'A")))
def test_digits_are_kept_in_their_order(text: str) -> None:
    """Only zeros are left out, as in $5.00."""

    def digits(value: str) -> str:
        return re.sub("[^1-9]", "", value)

    decades = r"(?:1[1-9]|20)\d0s"
    if not re.search(decades, text):
        assert digits(to_spoken_text(text, "en")) == digits(text)
