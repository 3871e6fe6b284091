"""Word error rates of the local recognizer: the table in the README of its emulator."""

from __future__ import annotations

from infra.local.setup.voices import prepare_voices
from shared.adapters.text_to_speech import create_speech_synthesizer
from tests.fixtures.models.stt import create_recognizer, recognizer_python, run_stt_emulator
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.recognition.difficult_speech import CONDITIONS, measure_errors, speak_texts


def main() -> int:
    python = prepare_voices(lambda _: None)
    assert python is not None
    emulators = run_tts_emulator(python)
    voices = speak_texts(create_speech_synthesizer(next(emulators).url))
    is_missed = False
    print("| sound | word error rate |\n| --- | ---: |")
    for emulator in run_stt_emulator(recognizer_python()):
        recognizer = create_recognizer(emulator.settings)
        for condition in CONDITIONS:
            errors, words = measure_errors(condition, voices, recognizer)
            is_met = errors <= condition.limit * words
            is_missed |= not is_met
            note = "" if is_met else f" MISSED {condition.limit:.0%}"
            print(f"| {condition.name} | {errors / words:.1%}{note} |", flush=True)
    return int(is_missed)
