"""The speech recognizer and its languages, each built once per process at its first use.

Part of the composition root, as `bootstrap` is: adapters are imported by the function that builds
them.
"""

from __future__ import annotations

from shared.entrypoints.bootstrap import build_once, services, settings
from shared.ports.speech_recognition import SpeechRecognizer
from shared.runtime.service_lists import CachedList
from shared.runtime.throttle import Throttle
from shared.runtime.throttled import ThrottledRecognizer


@build_once
def recognizer() -> SpeechRecognizer:
    """Returns the speech recognizer. Only speech_recognition uses it."""
    from shared.adapters.speech_recognition import create_speech_recognizer

    values = settings()
    throttle = Throttle(values.recognition_calls_per_minute, values.max_instances, services().clock)
    return ThrottledRecognizer(create_speech_recognizer(values, languages().read), throttle)


@build_once
def languages() -> CachedList[str]:
    """Returns the list of recognized languages. Only api and speech_recognition contain its
    client."""
    from shared.adapters.speech_recognition import fetch_recognition_languages

    values = settings()
    return CachedList(
        "recognition-languages",
        lambda: fetch_recognition_languages(values),
        services().clock,
        services().log,
    )
