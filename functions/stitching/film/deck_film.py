"""A film of a deck: its slides, its narration, its subtitles and chapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from functions.stitching.audio.loudness import TARGET_LUFS
from functions.stitching.audio.music import with_music
from functions.stitching.audio.speech import STEREO_LU, Speech
from functions.stitching.film.encoding import Planes, planes_of
from functions.stitching.film.frames import Scenery
from functions.stitching.film.languages import iso_639_2
from functions.stitching.film.mp4 import About, Samples
from functions.stitching.film.pictures import pixels, poster, slide_picture
from functions.stitching.film.segment_cache import Runs
from functions.stitching.film.segments import passages
from functions.stitching.film.slideshow import write_slideshow
from functions.stitching.film.timeline import RATE_HZ, FilmTooLong, Timeline, chapters, timeline
from functions.stitching.film_result import Made
from functions.stitching.objects import read_recorded, read_whole
from functions.stitching.subtitles.cues import Cue, cues, of_chapters, to_srt, to_vtt
from shared.entrypoints.stage import Task
from shared.errors import InvalidOption, PermanentError
from shared.media.audio.pcm import decode_sound
from shared.media.containers.range_file import RangeFile
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.options import FILM_LONGEST_S, MOVING_LONGEST_S, FilmOptions
from shared.recipes.films.speech import Spoken
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
    folder: str
    deck: Deck
    slides: Sequence[StoredObject]
    narration: Narration
    options: FilmOptions
    music: StoredObject | None

    @classmethod
    def of(cls, task: Task) -> DeckFilm:
        """Read what the stages before recorded. Raises SlidesDoNotMatch and what reading raises."""
        drawn = DeckResult.of(task.job.facts)
        spoken = NarrationResult.of(task.job.facts)
        deck = Deck.from_dict(json.loads(read_recorded(task.objects, drawn.deck)))
        narration = Narration.from_json(read_recorded(task.objects, spoken.narration))
        slides = tuple(one.stored for one in drawn.slides)
        if not len(deck.slides) == len(slides) == len(narration.slides):
            raise SlidesDoNotMatch(
                f"There are {len(deck.slides)} slides in the deck, {len(slides)} drawn ones and "
                f"{len(narration.slides)} spoken ones."
            )
        try:
            options = FilmOptions.of(task.job.options)
        except ValueError as wrong:
            raise InvalidOption(str(wrong)) from wrong
        uploads = Uploads.find(task.job.facts)
        music = None if uploads is None else uploads.inputs.get("music")
        return cls(
            task.objects,
            f"{FILMS_PREFIX}{task.job.id}/runs/",
            deck,
            slides,
            narration,
            options,
            None if music is None else music.stored,
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

    def write(self, path: Path, check: Callable[[], None]) -> Made:
        """Write the film to `path`; what did not change since an earlier film of the job is not
        encoded again. Raises FilmTooLong and what reading raises."""
        film = timeline(self.narration)
        self._check_length(film)
        rows = cues(film.sentences)
        channels = 1 if self.music is None else 2
        speech = Speech(film, self._speech)
        speech.measure(check)
        factors = speech.gains(TARGET_LUFS - (STEREO_LU if channels == 2 else 0))
        # Burned-in lines would stand there twice in players that show subtitles unasked.
        soft = rows if self.options.subtitles == "soft" else ()
        about = About(
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
            runs=runs.all_of(passages(film, rows, self.options), check),
            sound=self._sound(film, speech.sound(factors)),
            cues=soft,
            check=check,
        )
        return self._made(film, rows, encoded=len(runs.encoded))

    def describe(self) -> Made:
        """What `write` would give, without writing the film."""
        film = timeline(self.narration)
        return self._made(film, cues(film.sentences), encoded=0)

    def _made(self, film: Timeline, rows: Sequence[Cue], *, encoded: int) -> Made:
        first = slide_picture(read_recorded(self.objects, self.slides[0]), self.deck.size)
        result = FilmResult(
            round(float(film.duration), 3),
            *self.deck.size,
            slides=len(self.slides),
            scenes_encoded=encoded,
            scenes_found=len(self.slides) - encoded,
        )
        spoken = bool(rows)
        return Made(
            poster(first),
            result,
            to_vtt(rows) if spoken else "",
            to_srt(rows) if spoken else "",
            to_vtt(of_chapters(self._chapters(film))),
        )

    def _chapters(self, film: Timeline) -> tuple[tuple[Fraction, Fraction, str], ...]:
        return chapters(film, [slide.heading for slide in self.deck.slides])

    def _check_length(self, film: Timeline) -> None:
        if self.options.motion == "gentle" and film.duration > MOVING_LONGEST_S:
            raise FilmTooLong(
                f"The film would be {float(film.duration) / 60:.0f} minutes long; with motion the "
                f"limit is {MOVING_LONGEST_S // 60}. Leave motion out, or shorten what is spoken."
            )

    def _runs(self, film: Timeline) -> Runs:
        # A slide's object is written once and named by what it shows.
        names = [one.name for one in self.slides]
        size = self.deck.size
        scenery = Scenery(film, names, self._picture, size, self.deck.language)
        return Runs(self.objects, self.folder, scenery, size, self.options.motion)

    def _sound(self, film: Timeline, voice: Iterator[Samples]) -> Iterator[Samples]:
        if self.music is None:
            return voice
        music = self.music

        def decode() -> Iterator[Samples]:
            read_at = self.objects.read_at(music.bucket, *music.version)
            file = RangeFile(read_at, music.size_bytes)
            return decode_sound(file, rate_hz=RATE_HZ, channels=2, most_s=FILM_LONGEST_S)

        return with_music(voice, film, decode)

    def _picture(self, number: int) -> Planes:
        data = read_recorded(self.objects, self.slides[number])
        return planes_of(pixels(slide_picture(data, self.deck.size)))

    def _speech(self, number: int) -> Spoken:
        one = self.narration.slides[number]
        return from_wav(read_whole(self.objects, Bucket.WORK, one.object, one.generation))
