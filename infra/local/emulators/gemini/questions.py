"""The questions that a film answers, by language: an outline for a prompt without a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Questions:
    """The slides between the title and the closing, as heading and narration; the closing; and the
    heading of the closing of a text."""

    inner: tuple[tuple[str, str], ...]
    closing: tuple[str, str]
    in_short: str


_ROWS = {
    "en": (
        "What is it about?|First comes the topic itself, in one plain sentence.",
        "Why does it matter?|Then come the people whom it concerns, and what it changes for them.",
        "How does it happen, step by step?|The steps follow in their order, each with its reason.",
        "What is a good example?|An example shows it in a case that the audience knows.",
        "What should stay in mind?|At the end stands the one thing to remember.",
        "In short",
    ),
    "de": (
        "Worum geht es?|Zuerst kommt das Thema selbst, in einem einfachen Satz.",
        "Warum ist es wichtig?|Dann geht es darum, wen es betrifft und was es für sie ändert.",
        "Wie geschieht es, Schritt für Schritt?|Die Schritte folgen der Reihe nach, jeder mit "
        "seinem Grund.",
        "Was ist ein gutes Beispiel?|Ein Beispiel zeigt es an einem Fall, den das Publikum kennt.",
        "Was soll im Gedächtnis bleiben?|Am Ende steht das eine, das man sich merken soll.",
        "Kurz gesagt",
    ),
    "fr": (
        "De quoi s’agit-il ?|D’abord vient le sujet lui-même, en une phrase simple.",
        "Pourquoi est-ce important ?|Puis viennent les personnes concernées et ce que cela change.",
        "Comment cela se passe-t-il, pas à pas ?|Les étapes suivent dans l’ordre, chacune avec sa "
        "raison.",
        "Quel est un bon exemple ?|Un exemple le montre dans un cas que le public connaît.",
        "Que faut-il retenir ?|À la fin se trouve la seule chose à retenir.",
        "En bref",
    ),
    "es": (
        "¿De qué se trata?|Primero viene el tema mismo, en una frase sencilla.",
        "¿Por qué es importante?|Después, a quién afecta y qué cambia.",
        "¿Cómo ocurre, paso a paso?|Los pasos siguen en su orden, cada uno con su razón.",
        "¿Cuál es un buen ejemplo?|Un ejemplo lo muestra en un caso que el público conoce.",
        "¿Qué conviene recordar?|Al final queda lo único que hay que recordar.",
        "En resumen",
    ),
    "pt": (
        "De que se trata?|Primeiro vem o próprio tema, numa frase simples.",
        "Por que é importante?|Depois, a quem diz respeito e o que muda.",
        "Como acontece, passo a passo?|Os passos seguem a sua ordem, cada um com a sua razão.",
        "Qual é um bom exemplo?|Um exemplo mostra-o num caso que o público conhece.",
        "O que convém lembrar?|No fim fica a única coisa a lembrar.",
        "Em resumo",
    ),
    "it": (
        "Di che cosa si tratta?|Prima viene il tema stesso, in una frase semplice.",
        "Perché è importante?|Poi, chi riguarda e che cosa cambia.",
        "Come avviene, passo dopo passo?|I passi seguono in ordine, ciascuno con la sua ragione.",
        "Qual è un buon esempio?|Un esempio lo mostra in un caso che il pubblico conosce.",
        "Che cosa bisogna ricordare?|Alla fine resta l’unica cosa da ricordare.",
        "In breve",
    ),
    "nl": (
        "Waar gaat het over?|Eerst komt het onderwerp zelf, in één eenvoudige zin.",
        "Waarom is het belangrijk?|Dan komt wie het aangaat en wat het verandert.",
        "Hoe gebeurt het, stap voor stap?|De stappen volgen op volgorde, elk met een reden.",
        "Wat is een goed voorbeeld?|Een voorbeeld toont het in een geval dat het publiek kent.",
        "Wat moet je onthouden?|Aan het einde staat het ene om te onthouden.",
        "Kort gezegd",
    ),
    "pl": (
        "O co chodzi?|Najpierw sam temat, w jednym prostym zdaniu.",
        "Dlaczego to ważne?|Potem to, kogo dotyczy i co zmienia.",
        "Jak to się dzieje, krok po kroku?|Kroki idą po kolei, każdy ze swoim powodem.",
        "Jaki jest dobry przykład?|Przykład pokazuje to na przypadku, który widzowie znają.",
        "Co warto zapamiętać?|Na końcu jest jedna rzecz do zapamiętania.",
        "W skrócie",
    ),
    "tr": (
        "Konu nedir?|Önce konunun kendisi, yalın bir cümleyle.",
        "Neden önemli?|Sonra kimi ilgilendirdiği ve neyi değiştirdiği.",
        "Adım adım nasıl olur?|Adımlar sırasıyla, her biri nedeniyle gelir.",
        "İyi bir örnek nedir?|Bir örnek, izleyicinin bildiği bir durumda gösterir.",
        "Akılda ne kalmalı?|Sonunda hatırlanacak tek şey durur.",
        "Kısaca",
    ),
    "el": (
        "Περί τίνος πρόκειται;|Πρώτα έρχεται το ίδιο το θέμα, με μία απλή πρόταση.",
        "Γιατί έχει σημασία;|Έπειτα, ποιους αφορά και τι αλλάζει.",
        "Πώς συμβαίνει, βήμα βήμα;|Τα βήματα ακολουθούν με τη σειρά, το καθένα με τον λόγο του.",
        "Ποιο είναι ένα καλό παράδειγμα;|Ένα παράδειγμα το δείχνει σε μια γνωστή περίπτωση.",
        "Τι πρέπει να μείνει;|Στο τέλος βρίσκεται το ένα πράγμα που αξίζει να θυμόμαστε.",
        "Με λίγα λόγια",
    ),
    "ru": (
        "О чём речь?|Сначала сама тема, одним простым предложением.",
        "Почему это важно?|Затем о том, кого это касается и что меняет.",
        "Как это происходит, шаг за шагом?|Шаги идут по порядку, каждый со своей причиной.",
        "Какой пример подходит?|Пример показывает это на случае, который зрители знают.",
        "Что запомнить?|В конце стоит главное, что нужно запомнить.",
        "Коротко",
    ),
    "ar": (
        "ما الموضوع؟|أولاً يأتي الموضوع نفسه في جملة بسيطة.",
        "لماذا هو مهم؟|ثم من يعنيه الأمر وما الذي يغيّره.",
        "كيف يحدث خطوة بخطوة؟|تأتي الخطوات بالترتيب، ولكل خطوة سببها.",
        "ما المثال الجيد؟|يوضّح المثال ذلك في حالة يعرفها الجمهور.",
        "ما الذي ينبغي تذكره؟|في النهاية يبقى أهم ما ينبغي تذكره.",
        "باختصار",
    ),
    "he": (
        "על מה מדובר?|תחילה בא הנושא עצמו, במשפט פשוט אחד.",
        "למה זה חשוב?|אחר כך את מי זה נוגע ומה זה משנה.",
        "איך זה קורה, צעד אחר צעד?|הצעדים באים לפי הסדר, וכל אחד עם הסיבה שלו.",
        "מהי דוגמה טובה?|דוגמה מראה זאת במקרה שהקהל מכיר.",
        "מה כדאי לזכור?|בסוף עומד הדבר האחד שיש לזכור.",
        "בקצרה",
    ),
    "hi": (
        "विषय क्या है?|पहले विषय स्वयं आता है, एक सरल वाक्य में।",
        "यह क्यों महत्वपूर्ण है?|फिर यह किससे जुड़ा है और क्या बदलता है।",
        "यह क़दम दर क़दम कैसे होता है?|क़दम क्रम से आते हैं, हर एक अपने कारण के साथ।",
        "अच्छा उदाहरण क्या है?|एक उदाहरण इसे जानी-पहचानी स्थिति में दिखाता है।",
        "क्या याद रखना चाहिए?|अंत में याद रखने की एक बात है।",
        "संक्षेप में",
    ),
    "zh": (
        "主题是什么？|首先用一句简单的话说明主题。",
        "为什么重要？|然后说明它与谁有关，会带来什么变化。",
        "它是怎样一步一步发生的？|接着按顺序讲每一步和它的原因。",
        "有什么好例子？|用观众熟悉的例子来说明。",
        "应该记住什么？|最后是最值得记住的一点。",
        "总结",
    ),
    "ja": (
        "何についての話か|まず、テーマそのものを簡単な一文で述べます。",
        "なぜ大切なのか|次に、だれに関わり、何が変わるのかを述べます。",
        "どのように進むのか|順を追って、それぞれの理由とともに説明します。",
        "よい例は何か|見る人が知っている例で示します。",
        "何を覚えておくか|最後に、覚えておきたいことを一つ挙げます。",
        "まとめ",
    ),
    "ko": (
        "무엇에 관한 이야기인가?|먼저 주제를 쉬운 한 문장으로 말합니다.",
        "왜 중요한가?|다음으로 누구와 관련되고 무엇이 달라지는지 말합니다.",
        "어떻게 차례로 일어나는가?|각 단계를 그 이유와 함께 순서대로 설명합니다.",
        "좋은 예는 무엇인가?|보는 사람이 아는 예로 보여 줍니다.",
        "무엇을 기억할까?|마지막으로 기억할 한 가지를 말합니다.",
        "요약",
    ),
}


DEFAULT_LANGUAGE = "en"


def find_questions(language: str) -> Questions | None:
    """Returns the questions in a language, or None when there are none."""
    row = _ROWS.get(language.split("-")[0])
    if row is None:
        return None
    *slides, in_short = row
    pairs = [(heading, notes) for heading, _, notes in (text.partition("|") for text in slides)]
    return Questions(tuple(pairs[:-1]), pairs[-1], in_short)
