"""Bindings of the C interface of espeak-ng (speak_lib.h, API revision 12)."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import espeakng_loader  # type: ignore[import-untyped]

from shared.recipes.films.speech import SpeechAudio

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_POSITION_CHARACTER = 1
_UTF8, _SSML = 1, 0x10
_RATE, _PITCH = 1, 3
_WORDS_PER_MINUTE = 165
_MIN_WORDS_PER_MINUTE, _MAX_WORDS_PER_MINUTE = 80, 450
_DEFAULT_PITCH = 50
_PITCH_PER_SEMITONE = 2.5
_OK = 0
_ENGLISH_SWITCH = b"(en)"
_LATIN_SAMPLE = "maria"
_SAMPLES = {
    "am": "ሰላም", "ar": "مرحبا", "as": "নমস্কাৰ", "bn": "নমস্কার", "cmn": "你好世界", "el": "γεια",
    "fa": "سلام", "gu": "નમસ્તે", "hak": "你好", "he": "שלום", "hi": "नमस्ते", "hy": "բարեւ",
    "ja": "日本", "ka": "გამარჯობა", "kn": "ನಮಸ್ಕಾರ", "ko": "안녕하세요", "ml": "നമസ്കാരം",
    "mr": "नमस्कार", "my": "မင်္ဂလာပါ", "ne": "नमस्ते", "or": "ନମସ୍କାର", "pa": "ਸਤ", "ru": "привет",
    "sd": "سلام", "si": "ආයුබෝවන්", "ta": "வணக்கம்", "te": "నమస్కారం", "th": "สวัสดี", "ug": "سالام",
    "uk": "привіт", "ur": "سلام", "yue": "你好世界",
}  # fmt: skip
"""A word in the usual script of each language that is not written in Latin letters."""

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("spare_byte", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class SpeechOptions:
    """Voice, speed and pitch. `voice` is the file of an espeak voice with an optional variant, such
    as "gmw/en-US+f3"."""

    voice: str
    speed: float = 1.0
    pitch: float = 0.0


class Espeak:
    """The engine. The library has one global state, so a lock guards each call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        data = espeakng_loader.get_data_path().encode()
        self._rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self._rate_hz <= 0:
            raise OSError("espeak-ng could not be started")
        self._samples = bytearray()
        # A reference is needed: the library uses the callback until the process ends.
        self._callback = _Callback(self._on_samples)
        self._library.espeak_SetSynthCallback(self._callback)

    def list_languages(self) -> dict[str, str]:
        """Returns espeak's language names with the files of their voices, without the languages
        that it does not read: it spells out their characters, or has no rules for the language."""
        return {
            language: voice
            for language, voice in self._iterate_languages()
            if self._reads(voice, _SAMPLES.get(language, _LATIN_SAMPLE))
        }

    def speak(self, text: str, options: SpeechOptions, *, ssml: bool = False) -> SpeechAudio:
        """Synthesizes `text`. Raises ValueError for an unknown voice."""
        words_per_minute = min(
            _MAX_WORDS_PER_MINUTE,
            max(_MIN_WORDS_PER_MINUTE, round(_WORDS_PER_MINUTE * options.speed)),
        )
        pitch = min(99, max(0, round(_DEFAULT_PITCH + _PITCH_PER_SEMITONE * options.pitch)))
        # NUL would end the text in the library.
        data = text.replace("\0", " ").encode() + b"\0"
        with self._lock:
            if self._library.espeak_SetVoiceByName(options.voice.encode()) != _OK:
                raise ValueError(f"espeak-ng has no voice {options.voice!r}")
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            self._library.espeak_SetParameter(_PITCH, pitch, 0)
            self._samples.clear()
            flags = _UTF8 | (_SSML if ssml else 0)
            status = self._library.espeak_Synth(
                data, len(data), 0, _POSITION_CHARACTER, 0, flags, None, None
            )
            if status != _OK:
                raise OSError(f"espeak-ng returned {status}")
            return SpeechAudio(bytes(self._samples), self._rate_hz)

    def _iterate_languages(self) -> Iterator[tuple[str, str]]:
        rows = self._library.espeak_ListVoices(None)
        index = 0
        while rows[index]:
            voice = rows[index].contents
            # The name follows a priority byte.
            language = ctypes.string_at(voice.languages + 1)
            yield language.decode(errors="replace"), voice.identifier.decode(errors="replace")
            index += 1

    def _reads(self, voice: str, text: str) -> bool:
        """Returns whether a voice has rules for the characters of a text.

        Without a dictionary of the language there are no phonemes. Without rules for a character,
        espeak-ng says the name of its script in English: 日 is "Chinese letter". The phonemes then
        contain the switch of the language, "(en)". Words in Latin letters may do so too.
        """
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
                return False
            rest = ctypes.c_char_p(text.encode())
            phonemes = b""
            while rest.value:
                phonemes += self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, 0)
            is_spelled = _ENGLISH_SWITCH in phonemes and text != _LATIN_SAMPLE
            return bool(phonemes.strip()) and not is_spelled

    def _on_samples(self, wave: ctypes._Pointer[ctypes.c_short], samples: int, _events: int) -> int:
        if wave and samples > 0:
            self._samples += ctypes.string_at(wave, samples * 2)
        return 0
