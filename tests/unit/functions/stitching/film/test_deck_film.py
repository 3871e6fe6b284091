"""The film of a deck, from the results of slide_generation and text_to_speech."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest
from PIL import Image

from functions.stitching.deck_inputs import SlidesDoNotMatch
from functions.stitching.film import segments
from functions.stitching.film.timeline import RATE_HZ, FilmTooLong
from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from functions.stitching.slides import SlideOfWrongSize
from shared.errors import SourceExpired
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.recipes.films.speech import SpeechAudio
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.films import (
    decode_sound,
    find_onsets,
    measure_loudness,
    read_frame_luma,
    read_subtitle_boxes,
    read_subtitles,
)
from tests.fixtures.media.uploads import encode_picture, make_sound_file
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.audio.test_loudness import make_voice_like_sound
from tests.unit.functions.stitching.film.deck_jobs import (
    SPECS,
    make_presentation_job,
    make_slide_pictures,
)

pytestmark = pytest.mark.slow
FILE_NAMES = [
    "film.mp4", "poster.jpg", "narration.m4a", "subtitles.vtt", "subtitles.srt", "chapters.vtt",
]  # fmt: skip


def run_stitching(harness: StageHarness, job: Job, folder: Path) -> dict[str, Path]:
    """Runs the stage. Returns the files of the result, by name."""
    done = harness.run_stage("stitching", render_film, copy_results, SPECS, job)
    paths = {}
    for artifact in done.artifacts:
        paths[artifact.name] = folder / artifact.name
        paths[artifact.name].write_bytes(harness.read_artifact(artifact))
    return paths


def read_sound_packets(path: Path) -> list[tuple[int | None, bytes]]:
    """Returns the time and the bytes of each packet."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.size]


def test_deck_becomes_a_film_with_subtitles_and_chapters(
    harness: StageHarness, tmp_path: Path
) -> None:
    files = run_stitching(harness, make_presentation_job(harness), tmp_path)
    assert list(files) == FILE_NAMES
    assert re.findall(r"(\S+) --> (\S+)\n(.+)", files["chapters.vtt"].read_text()) == [
        ("00:00:00.000", "00:00:03.000", "Kapitel 0"),
        ("00:00:03.000", "00:00:07.500", "Kapitel 1"),
        ("00:00:07.500", "00:00:09.750", "Kapitel 2"),
    ]
    path = files["film.mp4"]
    assert find_onsets(*decode_sound(path)) == pytest.approx([0.35, 3.35, 7.85], abs=0.005)
    assert [text for _, _, text in read_subtitles(path)] == ["Satz 0.", "Satz 1.", "Satz 2."]
    assert "00:00:03.350 --> 00:00:06.850\nSatz 1." in files["subtitles.vtt"].read_text()
    assert "2\n00:00:03,350 --> 00:00:06,850\nSatz 1." in files["subtitles.srt"].read_text()
    assert [float(time) for time, _, key in read_frame_luma(path) if key] == [0, 3, 7.5]
    with av.open(str(path)) as container:
        assert [row["metadata"]["title"] for row in container.chapters()] == [
            "Kapitel 0", "Kapitel 1", "Kapitel 2",
        ]  # fmt: skip
        assert container.streams.audio[0].language == "deu"
        assert container.metadata["title"] == "Blätter"
    # The same bytes: the narration alone is not encoded again.
    assert read_sound_packets(files["narration.m4a"]) == read_sound_packets(path)
    with av.open(str(files["narration.m4a"])) as container:
        assert not container.streams.video
        assert len(container.chapters()) == 3
        assert container.streams.audio[0].language == "deu"
        assert container.metadata["title"] == "Blätter"
        assert container.metadata["major_brand"] == "M4A "


@pytest.mark.parametrize("options", [{}, {"subtitles": "burned", "motion": "gentle"}])
def test_music_is_quieter_than_the_voice_and_keeps_the_loudness(
    harness: StageHarness, tmp_path: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Short segments, to encode fewer pictures: the sound does not depend on them.
    monkeypatch.setattr(segments, "MAX_SEGMENT_SAMPLES", RATE_HZ // 2)
    voice = SpeechAudio((make_voice_like_sound(24000, 8)[0] * 32767).astype("<i2").tobytes(), 24000)
    job = make_presentation_job(
        harness, music=make_sound_file("mp3", 2), speeches=[voice] * 3, options=options
    )
    files = run_stitching(harness, job, tmp_path)
    path = files["film.mp4"]
    sound, rate = decode_sound(path)
    assert sound.shape[0] == 2
    pause = slice(round(8.5 * rate), round(9.2 * rate))
    assert 0.003 < float(abs(sound[:, pause]).max()) < 0.1
    assert measure_loudness(path)[0] == pytest.approx(-16, abs=1)
    narration, _ = decode_sound(files["narration.m4a"])
    assert narration.shape == (1, sound.shape[1])
    assert float(abs(narration[:, pause]).max()) < 0.0001
    assert measure_loudness(files["narration.m4a"])[0] == pytest.approx(-16, abs=1)


def test_burned_in_subtitles_are_files_too_but_no_soft_track(
    harness: StageHarness, tmp_path: Path
) -> None:
    plain = [
        encode_picture(Image.new("RGB", (720, 720), (90 * n, 90, 90)), "PNG") for n in range(3)
    ]
    soft = run_stitching(harness, make_presentation_job(harness, pictures=plain), tmp_path)
    texts = [soft[name].read_text() for name in ("subtitles.vtt", "subtitles.srt")]
    poster = soft["poster.jpg"].read_bytes()
    other = StageHarness.create(harness.gcs)
    burned = run_stitching(
        other,
        make_presentation_job(other, pictures=plain, options={"subtitles": "burned"}),
        tmp_path,
    )
    assert list(burned) == FILE_NAMES
    assert [burned[name].read_text() for name in ("subtitles.vtt", "subtitles.srt")] == texts
    # The poster has no subtitles.
    assert burned["poster.jpg"].read_bytes() == poster
    with av.open(str(burned["film.mp4"])) as container:
        assert not container.streams.subtitles
        assert len(container.chapters()) == 3
    times = [time for time, has_box in read_subtitle_boxes(burned["film.mp4"]) if has_box]
    assert float(times[0]) == 0.35


def test_too_long_film_with_motion_is_rejected(harness: StageHarness) -> None:
    long = SpeechAudio(bytes(2 * 8000 * 700), 8000)
    job = make_presentation_job(
        harness, speeches=[long] * 3, options={"motion": "gentle"}, box=(0, 0, 360, 720)
    )
    with pytest.raises(FilmTooLong, match="Leave motion out"):
        harness.run_stage("stitching", render_film, copy_results, SPECS, job)


def test_transition_fade_adds_blended_frames(harness: StageHarness, tmp_path: Path) -> None:
    cut = run_stitching(harness, make_presentation_job(harness), tmp_path)["film.mp4"]
    assert len(read_frame_luma(cut)) == 8
    other = StageHarness.create(harness.gcs)
    faded = run_stitching(
        other, make_presentation_job(other, options={"transition": "fade"}), tmp_path
    )["film.mp4"]
    # Twelve blended frames per transition; repetitions every two seconds start after them.
    assert len(read_frame_luma(faded)) == 8 + 2 * 12 - 1


def test_missing_slides_are_rejected(harness: StageHarness) -> None:
    with pytest.raises(SlidesDoNotMatch, match="2 drawn"):
        harness.run_stage(
            "stitching",
            render_film,
            copy_results,
            SPECS,
            make_presentation_job(harness, pictures=make_slide_pictures(2)),
        )


def test_slides_of_another_size_are_rejected(harness: StageHarness) -> None:
    with pytest.raises(SlideOfWrongSize):
        harness.run_stage(
            "stitching",
            render_film,
            copy_results,
            SPECS,
            make_presentation_job(harness, pictures=make_slide_pictures(3, (640, 360))),
        )


def test_missing_speech_is_rejected(harness: StageHarness) -> None:
    job = make_presentation_job(harness)
    speech = next(name for name in harness.list_names(Bucket.WORK) if name.endswith(".wav"))
    harness.objects.delete(Bucket.WORK, speech)
    with pytest.raises(SourceExpired):
        harness.run_stage("stitching", render_film, copy_results, SPECS, job)
    assert not any(name.startswith("films/") for name in harness.list_names(Bucket.WORK))


def test_motion_without_pictures_is_a_warning(harness: StageHarness) -> None:
    job = make_presentation_job(harness, options={"motion": "gentle"})
    context = harness.make_context(
        "stitching", "0", harness.make_stage("stitching", SPECS), job, MemoryJobStore()
    )
    (warning,) = render_film(context).warnings
    assert warning == "Nothing moves in the film: motion moves pictures, and no slide has one."
