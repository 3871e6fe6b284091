"""CPU time of a deck that its owner had made before, relative to the first time.

Ten slides with about 80 s of speech, drawn, narrated and stitched by the stages' handlers against
the emulators of Cloud Storage and Text-to-Speech, which run in processes of their own and are not
measured.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from shared.adapters.text_to_speech import create_speech_synthesizer, fetch_voices
from shared.entrypoints import bootstrap
from tests.benchmarks.cpu_time import cpu_s
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.presentations import run_presentation
from tests.fixtures.models.tts import run_tts_emulator
from tests.fixtures.models.voices import make_voice_list
from tests.fixtures.stage_harness import StageHarness

MAX_SHARE = 0.05
"""CPU time of a film of the same deck again ÷ that of the first."""
REPEATS = 5
"""Films of the same deck again, of which the median counts."""
SLIDES = 10
_NOTES = (
    "Leaf number {n} turns towards the light in the morning and follows it until the evening. "
    "Water rises from the roots through the stem, and the air gives what is missing for sugar."
)


def main() -> int:
    """Prints the CPU time of each stage. Returns 1 if the bound is missed."""
    slides: list[Mapping[str, Any]] = [
        {
            "heading": f"Leaf number {n + 1}",
            "bullets": [f"Point {row} about light and water on slide {n}" for row in range(4)],
            "notes": _NOTES.format(n=n + 1),
        }
        for n in range(SLIDES)
    ]
    deck = make_deck(slides)
    with tempfile.TemporaryDirectory() as folder, _emulators(Path(folder)) as harness:
        # Imports, fonts and connections are those of a running instance.
        run_presentation(harness, make_deck(slides[:3], title="Other"), owner="bob", number=9)
        costs = []
        for number in range(1, REPEATS + 2):
            before = cpu_s()
            results = run_presentation(harness, deck, number=number)
            costs.append(cpu_s() - before)
            facts = results["stitching"].facts or {}
            print(
                f"film {number}: {costs[-1]:.3f} s of CPU, {facts['duration_s']:.0f} s long, "
                f"{facts['scenes_encoded']} scenes encoded"
            )
    share = median(costs[1:]) / costs[0]
    missed = share > MAX_SHARE
    print(f"again ÷ first {share:.1%}{'  MISSED' if missed else ''}")
    return int(missed)


@contextmanager
def _emulators(folder: Path) -> Iterator[StageHarness]:
    gcs = GcsEmulator(folder).start()
    try:
        with contextmanager(run_tts_emulator)() as tts:
            synthesizer = create_speech_synthesizer(tts.url)
            listed = make_voice_list(fetch_voices(tts.url))
            bootstrap.voice, bootstrap.voices = lambda: synthesizer, lambda: listed
            yield StageHarness.create(gcs)
    finally:
        gcs.close()


if __name__ == "__main__":
    raise SystemExit(main())
