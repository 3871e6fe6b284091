"""Recognizes the speech of a whole file with faster-whisper alone, and prints its cost.

`comparison` runs it in the environment of the Speech-to-Text emulator. Argument: the file.
"""

from __future__ import annotations

import json
import sys
import time

from faster_whisper import WhisperModel  # type: ignore[import-not-found]

from infra.local.emulators.stt.models import DEFAULT_MODEL, find_models


def main(path: str) -> None:
    """Prints a JSON object: CPU time in seconds without loading the model, and the words."""
    _, folder = find_models()[DEFAULT_MODEL]
    model = WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
    start_s = time.process_time()
    # As in infra/local/emulators/stt/whisper.py.
    segments, _ = model.transcribe(
        path, language="en", beam_size=5, temperature=0.0, condition_on_previous_text=False,
        word_timestamps=True, vad_filter=True, vad_parameters={"threshold": 0.3},
    )  # fmt: skip
    words = [word.word.strip() for segment in segments for word in segment.words]
    print(json.dumps({"cpu_s": time.process_time() - start_s, "words": words}))


if __name__ == "__main__":
    main(*sys.argv[1:])
