"""Generic headings of a talk's parts, and the emulator's disclaimer, by language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Headings:
    """`parts` are headings for slides whose text is too short to supply one."""

    parts: tuple[str, ...]
    closing: str
    disclaimer: str


_ROWS = {
    "en": (
        "What it is about|In other words|The question|Step by step|The details|An example|"
        "What to remember|Seen from afar",
        "In short",
        "This outline was put together by a stand-in, out of the words of the prompt.",
    ),
    "de": (
        "Worum es geht|Anders gesagt|Die Frage|Schritt für Schritt|Die Einzelheiten|Ein Beispiel|"
        "Was man sich merkt|Im Überblick",
        "Kurz gesagt",
        "Diese Gliederung hat ein Platzhalter aus den Wörtern der Vorgabe zusammengestellt.",
    ),
    "fr": (
        "De quoi il s’agit|Autrement dit|La question|Pas à pas|Les détails|Un exemple|"
        "À retenir|Vue d’ensemble",
        "En bref",
        "Ce plan a été composé par un remplaçant, avec les mots de la demande.",
    ),
    "es": (
        "De qué se trata|En otras palabras|La pregunta|Paso a paso|Los detalles|Un ejemplo|"
        "Para recordar|En conjunto",
        "En resumen",
        "Este esquema lo compuso un sustituto con las palabras de la petición.",
    ),
    "pt": (
        "Do que se trata|Por outras palavras|A pergunta|Passo a passo|Os detalhes|Um exemplo|"
        "Para lembrar|No conjunto",
        "Em resumo",
        "Este esquema foi composto por um substituto com as palavras do pedido.",
    ),
    "it": (
        "Di che cosa si tratta|In altre parole|La domanda|Passo dopo passo|I dettagli|Un esempio|"
        "Da ricordare|Uno sguardo d’insieme",
        "In breve",
        "Questo schema è stato composto da un sostituto con le parole della richiesta.",
    ),
    "el": (
        "Περί τίνος πρόκειται|Με άλλα λόγια|Το ερώτημα|Βήμα βήμα|Οι λεπτομέρειες|Ένα παράδειγμα",
        "Με λίγα λόγια",
        "Αυτό το διάγραμμα το συνέθεσε ένας αντικαταστάτης από τις λέξεις του αιτήματος.",
    ),
    "ru": (
        "О чём речь|Другими словами|Вопрос|Шаг за шагом|Подробности|Пример|Что запомнить",
        "Коротко",
        "Этот план составлен программой-заменителем из слов запроса.",
    ),
    "ar": (
        "عمّ نتحدث|بعبارة أخرى|السؤال|خطوة بخطوة|التفاصيل|مثال|ما ينبغي تذكره",
        "باختصار",
        "أعدّ هذا المخطط بديل محلي من كلمات الطلب.",
    ),
    "he": (
        "על מה מדובר|במילים אחרות|השאלה|צעד אחר צעד|הפרטים|דוגמה|מה לזכור",
        "בקצרה",
        "את המתווה הזה הרכיב תחליף מקומי ממילות הבקשה.",
    ),
    "hi": (
        "विषय क्या है|दूसरे शब्दों में|प्रश्न|क़दम दर क़दम|विवरण|एक उदाहरण|याद रखें",
        "संक्षेप में",
        "यह रूपरेखा अनुरोध के शब्दों से एक स्थानीय विकल्प ने बनाई है।",
    ),
    "zh": (
        "主题|换句话说|问题|一步一步|细节|例子|要点回顾",
        "总结",
        "这份提纲由本地替身用提示中的词语拼成。",
    ),
    "ja": (
        "テーマ|言いかえると|問い|順を追って|くわしく見ると|例|覚えておきたいこと",
        "まとめ",
        "この構成は、代役のプログラムが入力の言葉から組み立てました。",
    ),
    "ko": (
        "주제|다시 말하면|질문|차근차근|자세히 보면|예시|기억할 점",
        "요약",
        "이 개요는 대역 프로그램이 요청의 낱말로 엮은 것입니다.",
    ),
}


def get_headings(language: str) -> Headings:
    """Returns the headings in a language, or in English when it is unknown."""
    parts, closing, disclaimer = _ROWS.get(language.split("-")[0], _ROWS["en"])
    return Headings(tuple(parts.split("|")), closing, disclaimer)
