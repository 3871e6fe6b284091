"""The texts that voices speak as a sample."""

from __future__ import annotations

_TEXTS = {
    "af": "Hallo, dit is hoe jou film sal klink.",
    "ar": "مرحبا، هكذا سيكون صوت فيلمك.",
    "bg": "Здравейте, така ще звучи вашият филм.",
    "bn": "নমস্কার, আপনার ছবি এমন শোনাবে।",
    "ca": "Hola, així sonarà la teva pel·lícula.",
    "cmn": "你好，你的影片听起来就是这样。",
    "cs": "Dobrý den, takto bude znít váš film.",
    "cy": "Helo, dyma sut bydd eich ffilm yn swnio.",
    "da": "Hej, sådan kommer din film til at lyde.",
    "de": "Hallo, so wird Ihr Film klingen.",
    "el": "Γεια σας, έτσι θα ακούγεται η ταινία σας.",
    "en": "Hello, this is how your film will sound.",
    "es": "Hola, así sonará tu película.",
    "et": "Tere, nii kõlab sinu film.",
    "eu": "Kaixo, horrela entzungo da zure filma.",
    "fa": "سلام، فیلم شما این‌گونه شنیده می‌شود.",
    "fi": "Hei, tältä elokuvasi kuulostaa.",
    "fil": "Kumusta, ganito ang magiging tunog ng iyong pelikula.",
    "fr": "Bonjour, voici comment votre film sonnera.",
    "ga": "Dia duit, seo mar a bheidh fuaim do scannáin.",
    "gl": "Ola, así soará a túa película.",
    "gu": "નમસ્તે, તમારી ફિલ્મ આવી સંભળાશે.",
    "he": "שלום, כך יישמע הסרט שלך.",
    "hi": "नमस्ते, आपकी फ़िल्म ऐसी सुनाई देगी।",
    "hr": "Bok, ovako će zvučati vaš film.",
    "hu": "Üdvözlöm, így fog szólni a filmje.",
    "id": "Halo, beginilah suara film Anda.",
    "is": "Halló, svona mun myndin þín hljóma.",
    "it": "Ciao, ecco come suonerà il tuo film.",
    "ja": "こんにちは。あなたの映画はこのように聞こえます。",
    "kn": "ನಮಸ್ಕಾರ, ನಿಮ್ಮ ಚಿತ್ರ ಹೀಗೆ ಕೇಳಿಸುತ್ತದೆ.",
    "ko": "안녕하세요, 당신의 영화는 이렇게 들립니다.",
    "lt": "Sveiki, taip skambės jūsų filmas.",
    "lv": "Sveiki, tā skanēs jūsu filma.",
    "ml": "നമസ്കാരം, നിങ്ങളുടെ സിനിമ ഇങ്ങനെ കേൾക്കും.",
    "mr": "नमस्कार, तुमचा चित्रपट असा ऐकू येईल.",
    "ms": "Helo, beginilah bunyi filem anda.",
    "nb": "Hei, slik kommer filmen din til å høres ut.",
    "nl": "Hallo, zo zal je film klinken.",
    "pa": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਤੁਹਾਡੀ ਫ਼ਿਲਮ ਇਸ ਤਰ੍ਹਾਂ ਸੁਣਾਈ ਦੇਵੇਗੀ।",
    "pl": "Dzień dobry, tak będzie brzmiał twój film.",
    "pt": "Olá, é assim que o seu filme vai soar.",
    "ro": "Bună ziua, așa va suna filmul dumneavoastră.",
    "ru": "Здравствуйте, так будет звучать ваш фильм.",
    "sk": "Dobrý deň, takto bude znieť váš film.",
    "sl": "Pozdravljeni, tako bo zvenel vaš film.",
    "sr": "Здраво, овако ће звучати ваш филм.",
    "sv": "Hej, så här kommer din film att låta.",
    "sw": "Habari, hivi ndivyo filamu yako itakavyosikika.",
    "ta": "வணக்கம், உங்கள் படம் இப்படி ஒலிக்கும்.",
    "te": "నమస్కారం, మీ సినిమా ఇలా వినిపిస్తుంది.",
    "th": "สวัสดี ภาพยนตร์ของคุณจะมีเสียงแบบนี้",
    "tr": "Merhaba, filminiz böyle duyulacak.",
    "uk": "Вітаю, так звучатиме ваш фільм.",
    "ur": "سلام، آپ کی فلم ایسی سنائی دے گی۔",
    "vi": "Xin chào, phim của bạn sẽ nghe như thế này.",
    "yue": "你好，你嘅影片聽起嚟就係咁。",
}
_NUMBERS = "1, 2, 3, 4, 5, 6, 7."
"""Every voice reads numbers in its language."""
MAX_SAMPLE_CHARS = 64


def sample_text(code: str) -> str:
    """Returns the text of a sample, at most MAX_SAMPLE_CHARS long, for a language code of the
    service such as cmn-CN."""
    return _TEXTS.get(code.split("-")[0].lower(), _NUMBERS)
