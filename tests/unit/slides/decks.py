"""Decks to draw: ten scripts, and slides that hold as much as a deck may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.domain.deck import BULLET_CHARS, BULLETS_MOST, HEADING_CHARS, Deck

SCRIPTS = {
    "en": ("How photosynthesis works", "Light becomes sugar", "A leaf is a kitchen"),
    "vi": ("Cây xanh tạo ra thức ăn như thế nào", "Nước từ rễ", "Ánh sáng từ mặt trời"),
    "el": ("Πώς τα φυτά φτιάχνουν τροφή", "Νερό από τις ρίζες", "Φως από τον ήλιο"),
    "ru": ("Как растения делают пищу", "Вода из корней", "Свет от солнца"),
    "ar": ("كيف تصنع النباتات غذاءها", "ثاني أكسيد الكربون CO2 من الهواء", "الضوء من الشمس"),
    "he": ("איך צמחים מייצרים מזון", "פחמן דו־חמצני (CO2)", "אור מהשמש"),
    "hi": ("पौधे भोजन कैसे बनाते हैं", "जड़ों से पानी", "सूर्य से प्रकाश"),
    "th": ("พืชสร้างอาหารได้อย่างไร", "น้ำจากราก", "แสงจากดวงอาทิตย์"),
    "zh-Hans": ("植物如何制造食物", "根部吸收水分", "来自太阳的光"),
    "zh-Hant": ("植物如何製造食物", "根部吸收水分", "來自太陽的光"),
    "ja": ("植物はどうやって食べ物を作るのか", "根から水を吸い上げる", "太陽の光"),
    "ko": ("식물은 어떻게 먹이를 만들까", "뿌리에서 오는 물", "태양에서 오는 빛"),
}
_LATIN = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "
FULL = {
    "words": (_LATIN * 4).strip(),
    "chinese": "植物利用阳光把水和二氧化碳变成糖和氧气" * 20,
    "one-word": "W" * 400,
    "arabic": "النباتات تصنع الغذاء من الضوء والماء والهواء " * 12,
}


def deck(slides: list[Mapping[str, Any]], **fields: str) -> Deck:
    """A deck of these slides, each with an id of its own."""
    return Deck.from_dict(
        {
            "title": "A deck",
            "language": "en",
            "theme": "midnight",
            "aspect": "16:9",
            "resolution": "720p",
            **fields,
            "slides": [{"id": f"s{n}", "notes": "Said.", **one} for n, one in enumerate(slides)],
        }
    )


def talk(language: str, **fields: str) -> Deck:
    """Title, points, statement and closing in one of SCRIPTS."""
    first, second, third = SCRIPTS[language]
    return deck(
        [
            {"heading": first, "bullets": [second], "layout": "title"},
            {"heading": second, "bullets": [first, second, third]},
            {"heading": third, "layout": "statement"},
            {"heading": first, "bullets": [third, second], "layout": "closing"},
        ],
        language=language,
        **fields,
    )


def crammed(text: str, **fields: str) -> Deck:
    """Every layout with as much of `text` as a deck may hold."""
    heading = text[:HEADING_CHARS].strip()
    points = [text[:BULLET_CHARS].strip()] * BULLETS_MOST
    return deck(
        [
            {"heading": heading, "bullets": points[:2], "layout": "title"},
            {"heading": heading, "bullets": points, "notes": "One. Two. Three. Four."},
            {"heading": heading, "layout": "statement"},
            {"heading": heading, "bullets": points[:1], "layout": "closing"},
        ],
        **fields,
    )
