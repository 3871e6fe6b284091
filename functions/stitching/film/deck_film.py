"""A film of a deck: its slides, its narration, its subtitles and chapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from functions.stitching.audio.loudness import TARGET_LUFS
from functions.stitching.audio.music import mix_music
from functions.stitching.audio.speech import STEREO_LU, SpeechTrack
from functions.stitching.film.encoding import Planes, rgb_to_planes
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.languages import iso_639_2
from functions.stitching.film.mp4 import FilmMetadata, Samples
from functions.stitching.film.pictures import encode_poster, read_slide, to_rgb_array
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.slideshow import write_slideshow
from functions.stitching.film.timeline import (
    RATE_HZ,
    FilmTooLong,
    Timeline,
    build_chapters,
    build_timeline,
)
from functions.stitching.film_result import RenderedFilm
from functions.stitching.objects import read_stored, read_version
from functions.stitching.subtitles.cues import Cue, build_chapter_cues, build_cues, to_srt, to_vtt
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, PermanentError
from shared.media.audio.pcm import decode_sound
from shared.media.containers.range_file import RangeFile
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.options import MAX_FILM_S, MAX_MOTION_FILM_S, FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav
from shared.recipes.results import DeckResult, FilmResult, NarrationResult
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads


class SlidesDoNotMatch(PermanentError):
    """The slides, their narration and the deck do not belong together."""

    code = "slides-do-not-match"


@dataclass(frozen=True)
class DeckFilm:
    """All that a film of slides is made of. `folder` is where its runs are kept, `content` what
    its name is derived from."""

    objects: ObjectStore
    segments_prefix: str
    deck: Deck
    slides: Sequence[StoredObject]
    narration: Narration
    options: FilmOptions
    music: StoredObject | None

    @classmethod
    def of(cls, context: UnitContext) -> DeckFilm:
        """Read what the stages before recorded. Raises SlidesDoNotMatch and what reading raises."""
        drawn = DeckResult.require(context.job.facts)
        spoken = NarrationResult.require(context.job.facts)
        deck = Deck.from_dict(json.loads(read_stored(context.objects, drawn.deck)))
        narration = Narration.from_json(read_stored(context.objects, spoken.narration))
        slides = tuple(one.stored_object for one in drawn.slides)
        if not len(deck.slides) == len(slides) == len(narration.slides):
            raise SlidesDoNotMatch(
                f"There are {len(deck.slides)} slides in the deck, {len(slides)} drawn ones and "
                f"{len(narration.slides)} spoken ones."
            )
        try:
            options = FilmOptions.from_job(context.job.options)
        except ValueError as wrong:
            raise InvalidOption(str(wrong)) from wrong
        uploads = Uploads.find(context.job.facts)
        music = None if uploads is None else uploads.inputs.get("music")
        return cls(
            context.objects,
            f"{FILMS_PREFIX}{context.job.id}/segments/",
            deck,
            slides,
            narration,
            options,
            None if music is None else music.stored_object,
        )

    @property
    def content(self) -> list[Any]:
        """What the film is made of, JSON-able."""
        return [
            self.deck.to_dict(),
            [list(one.version) for one in self.slides],
            [[one.object, one.generation] for one in self.narration.slides],
            self.options.to_dict(),
            None if self.music is None else list(self.music.version),
        ]

    def write(self, path: Path, check: Callable[[], None]) -> RenderedFilm:
        """Write the film to `path`; what did not change since an earlier film of the job is not
        encoded again. Raises FilmTooLong and what reading raises."""
        film = build_timeline(self.narration)
        self._check_length(film)
        rows = build_cues(film.sentences)
        channels = 1 if self.music is None else 2
        speech = SpeechTrack(film, self._speech)
        speech.measure(check)
        factors = speech.compute_gains(TARGET_LUFS - (STEREO_LU if channels == 2 else 0))
        # Burned-in lines would stand there twice in players that show subtitles unasked.
        soft = rows if self.options.subtitles == "soft" else ()
        about = FilmMetadata(
            channels=channels,
            title=self.deck.title,
            language=iso_639_2(self.deck.language),
            chapters=self._chapters(film),
            subtitles=bool(soft),
        )
        runs = self._runs(film)
        write_slideshow(
            path,
            about,
            segments=runs.get_segments(plan_segments(film, rows, self.options), check),
            sound=self._sound(film, speech.read_blocks(factors)),
            cues=soft,
            check=check,
        )
        return self._made(film, rows, encoded=len(runs.encoded))

    def describe(self) -> RenderedFilm:
        """What `write` would give, without writing the film."""
        film = build_timeline(self.narration)
        return self._made(film, build_cues(film.sentences), encoded=0)

    def _made(self, film: Timeline, rows: Sequence[Cue], *, encoded: int) -> RenderedFilm:
        first = read_slide(read_stored(self.objects, self.slides[0]), self.deck.size)
        result = FilmResult(
            round(float(film.duration), 3),
            *self.deck.size,
            slides=len(self.slides),
            scenes_encoded=encoded,
            scenes_reused=len(self.slides) - encoded,
        )
        spoken = bool(rows)
        return RenderedFilm(
            encode_poster(first),
            result,
            to_vtt(rows) if spoken else "",
            to_srt(rows) if spoken else "",
            to_vtt(build_chapter_cues(self._chapters(film))),
        )

    def _chapters(self, film: Timeline) -> tuple[tuple[Fraction, Fraction, str], ...]:
        return build_chapters(film, [slide.heading for slide in self.deck.slides])

    def _check_length(self, film: Timeline) -> None:
        if self.options.motion == "gentle" and film.duration > MAX_MOTION_FILM_S:
            raise FilmTooLong(
                f"The film would be {float(film.duration) / 60:.0f} minutes long; with motion the "
                f"limit is {MAX_MOTION_FILM_S // 60}. Leave motion out, or shorten what is spoken."
            )

    def _runs(self, film: Timeline) -> SegmentCache:
        # A slide's object is written once and named by what it shows.
        names = [one.name for one in self.slides]
        size = self.deck.size
        scenery = FrameRenderer(film, names, self._picture, size, self.deck.language)
        return SegmentCache(self.objects, self.segments_prefix, scenery, size, self.options.motion)

    def _sound(self, film: Timeline, voice: Iterator[Samples]) -> Iterator[Samples]:
        if self.music is None:
            return voice
        music = self.music

        def decode() -> Iterator[Samples]:
            read_at = self.objects.range_reader(music.bucket, *music.version)
            file = RangeFile(read_at, music.size_bytes)
            return decode_sound(file, rate_hz=RATE_HZ, channels=2, max_duration_s=MAX_FILM_S)

        return mix_music(voice, film, decode)

    def _picture(self, number: int) -> Planes:
        data = read_stored(self.objects, self.slides[number])
        return rgb_to_planes(to_rgb_array(read_slide(data, self.deck.size)))

    def _speech(self, number: int) -> SpeechAudio:
        one = self.narration.slides[number]
        return from_wav(read_version(self.objects, Bucket.WORK, one.object, one.generation))
