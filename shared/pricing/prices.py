"""Every price that the project computes with, with its source and the day on which it was read.

Prices are in US dollars, of tier 1 regions, without free tiers and discounts. Update `read_on` when
you have compared a price with its source; `python -m infra.tools.prices` lists them and warns about
old ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

MAX_AGE_DAYS = 90
"""After which a price must be compared with its source again."""
_NOVEMBER = date(2026, 11, 1)
"""The month is known, not the day: the first one makes the price old rather too early."""
_RUN = "https://cloud.google.com/functions/pricing"
_STORAGE = "https://cloud.google.com/storage/pricing"
_FIRESTORE = "https://cloud.google.com/firestore/pricing"
_SPEECH = "https://cloud.google.com/text-to-speech/pricing"


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one `unit` in dollars. With `is_secondhand` it is from other sites and was not
    compared with its source."""

    usd: float
    unit: str
    source: str
    read_on: date = _NOVEMBER
    is_secondhand: bool = False


VCPU_SECOND = Price(0.000024, "vCPU second", _RUN)
GIB_SECOND = Price(0.0000025, "GiB second", _RUN)
REQUEST = Price(0.40 / 1e6, "request", _RUN)
CLASS_A_OPERATION = Price(5.0 / 1e6, "object written, listed or composed", _STORAGE)
CLASS_B_OPERATION = Price(0.4 / 1e6, "object or metadata read", _STORAGE)
STORED_GB_MONTH = Price(0.020, "GB month in Standard storage, United States", _STORAGE)
DOCUMENT_READ = Price(0.06 / 1e5, "document read, most expensive location", _FIRESTORE)
DOCUMENT_WRITE = Price(0.18 / 1e5, "document written, most expensive location", _FIRESTORE)
SENT_GIB = Price(
    0.12, "GiB sent, Premium Tier, the first TiB", "https://cloud.google.com/vpc/network-pricing"
)
SPEECH: Mapping[str, Price] = {
    "Neural2": Price(16 / 1e6, "character", _SPEECH),
    "Wavenet": Price(4 / 1e6, "character", _SPEECH),
    "Standard": Price(4 / 1e6, "character", _SPEECH),
    "Chirp3-HD": Price(30 / 1e6, "character", _SPEECH),
    "Studio": Price(160 / 1e6, "character", _SPEECH),
}
"""Text-to-Speech, by the technology of the voice, in the order of MOODREEL_VOICE_PREFERENCE."""
RECOGNITION_SECOND = Price(
    0.016 / 60,
    "second of sound, standard models of the V2 API, up to 500,000 minutes a month",
    "https://cloud.google.com/speech-to-text/pricing",
    is_secondhand=True,
)
PICTURE_TOKEN = Price(
    60 / 1e6,
    "image token of gemini-3.1-flash-image",
    "https://ai.google.dev/gemini-api/docs/pricing",
    is_secondhand=True,
)


def all_prices() -> Iterator[tuple[str, Price]]:
    """Yields the prices of this file with their names."""
    for name, value in globals().items():
        if isinstance(value, Price):
            yield name, value
    for technology, price in SPEECH.items():
        yield f"SPEECH {technology}", price


def read_since() -> date:
    """Returns the day on which the oldest price was read."""
    return min(price.read_on for _, price in all_prices())


def speech_price(voice: str) -> Price:
    """Returns the price of a character that `voice` speaks, by the technology in its name. Voices
    of other names, as those of the local suite, have the price of Neural2."""
    return next((price for name, price in SPEECH.items() if name in voice), SPEECH["Neural2"])
