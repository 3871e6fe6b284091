"""A film of a deck: slides, narration, music, subtitles and chapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from functions.stitching.audio.loudness import TARGET_LUFS
from functions.stitching.audio.music import mix_music
from functions.stitching.audio.own_sound import BESIDE_VOICE_LU, OwnSound, mix_own_sound
from functions.stitching.audio.speech import STEREO_LU, SpeechTrack
from functions.stitching.film.encoding import Planes, rgb_to_planes
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.languages import iso_639_2
from functions.stitching.film.mp4 import FilmMetadata, Samples
from functions.stitching.film.pictures import encode_poster, to_rgb_array
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.slideshow import write_slideshow
from functions.stitching.film.timeline import (
    FilmTooLong,
    Timeline,
    build_chapters,
    build_timeline,
)
from functions.stitching.film_result import RenderedFilm
from functions.stitching.footage.clips import Clips
from functions.stitching.footage.footage import Footage
from functions.stitching.inputs import FilmInputs
from functions.stitching.objects import read_stored, read_version
from functions.stitching.subtitles.cues import Cue, build_chapter_cues, build_cues
from functions.stitching.subtitles.formats import to_srt, to_vtt
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, PermanentError
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.options import MAX_MOTION_FILM_S, FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav
from shared.recipes.results import DeckResult, FilmResult, NarrationResult
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.typography.faces import Style, describe_replacements


class SlidesDoNotMatch(PermanentError):
    """The slides, their narration and the deck have different numbers of slides."""

    code = "slides-do-not-match"


@dataclass(frozen=True)
class DeckFilm:
    """The inputs of a film of slides. `segments_prefix` is the prefix of its encoded segments."""

    objects: ObjectStore
    segments_prefix: str
    deck: Deck
    slides: Sequence[StoredObject]
    narration: Narration
    options: FilmOptions
    music: StoredObject | None
    footage: Footage | None = None

    @classmethod
    def from_context(cls, context: UnitContext) -> DeckFilm:
        """Reads the results of the earlier stages.

        Raises SlidesDoNotMatch, InvalidOption, and the errors of reading objects.
        """
        deck_result = DeckResult.require(context.job.facts)
        narration_result = NarrationResult.require(context.job.facts)
        deck = Deck.from_dict(json.loads(read_stored(context.objects, deck_result.deck)))
        narration = Narration.from_json(read_stored(context.objects, narration_result.narration))
        slides = tuple(slide.stored_object for slide in deck_result.slides)
        if not len(deck.slides) == len(slides) == len(narration.slides):
            raise SlidesDoNotMatch(
                f"There are {len(deck.slides)} slides in the deck, {len(slides)} drawn ones and "
                f"{len(narration.slides)} spoken ones."
            )
        try:
            options = FilmOptions.from_job(context.job.options)
        except ValueError as error:
            raise InvalidOption(str(error)) from error
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
            Footage.from_context(context, deck),
        )

    @property
    def content(self) -> list[Any]:
        """The inputs as JSON values, from which the name of the film is derived."""
        return [
            self.deck.to_dict(),
            [list(slide.version) for slide in self.slides],
            [[speech.object, speech.generation] for speech in self.narration.slides],
            self.options.to_dict(),
            None if self.music is None else list(self.music.version),
            *([] if self.footage is None else [self.footage.content]),
        ]

    def write(self, path: Path, check: Callable[[], None]) -> RenderedFilm:
        """Writes the film to `path`. Encoded segments of an earlier film of the job are reused.

        Raises FilmTooLong, and the errors of reading objects.
        """
        pacing = {} if self.footage is None else self.footage.pacing(self.deck, self.narration)
        timeline = build_timeline(self.narration, pacing)
        self._check_length(timeline)
        footage = self.footage
        prepared = None if footage is None else footage.prepare(self.deck, timeline, check)
        own_sounds = () if prepared is None else prepared.sounds
        cues = build_cues(timeline.sentences)
        channels = 1 if self.music is None and not own_sounds else 2
        speech = SpeechTrack(timeline, self._read_speech)
        speech.measure(check)
        factors = speech.compute_gains(TARGET_LUFS - (STEREO_LU if channels == 2 else 0))
        # Players that show subtitles by default would show burned-in lines twice.
        soft = cues if self.options.subtitles == "soft" else ()
        metadata = FilmMetadata(
            channels=channels,
            title=self.deck.title,
            language=iso_639_2(self.deck.language),
            chapters=self._chapters(timeline),
            subtitles=bool(soft),
        )
        inputs = FilmInputs(self.objects, check)
        clips = None if prepared is None else prepared.clips
        cache = self._segment_cache(inputs, timeline, clips)
        segments = plan_segments(timeline, cues, self.options, clips or frozenset())
        write_slideshow(
            path,
            metadata,
            segments=cache.get_segments(segments, check),
            sound=self._mix_sound(inputs, timeline, speech.read_blocks(factors), own_sounds),
            cues=soft,
            check=check,
        )
        warnings = () if prepared is None else prepared.warnings
        film = self._describe(inputs, timeline, cues, encoded=len(cache.encoded_scenes))
        return replace(film, warnings=(*film.warnings, *warnings))

    def _describe(
        self, inputs: FilmInputs, timeline: Timeline, cues: Sequence[Cue], *, encoded: int
    ) -> RenderedFilm:
        poster = None
        if self.footage is not None:
            poster = self.footage.read_poster(self.deck.size, inputs.check)
        if poster is None:
            poster = inputs.read_slide(self.slides[0], self.deck.size)
        result = FilmResult(
            round(float(timeline.duration), 3),
            *self.deck.size,
            slides=len(self.slides),
            scenes_encoded=encoded,
            scenes_reused=len(self.slides) - encoded,
        )
        return RenderedFilm(
            encode_poster(poster),
            result,
            to_vtt(cues) if cues else "",
            to_srt(cues) if cues else "",
            to_vtt(build_chapter_cues(self._chapters(timeline))),
            warnings=(
                *self._describe_replacements(cues),
                *(() if self.footage is None else self.footage.warnings),
            ),
        )

    def _describe_replacements(self, cues: Sequence[Cue]) -> tuple[str, ...]:
        if self.options.subtitles != "burned":
            return ()
        lines = [line for cue in cues for line in cue.lines]
        return describe_replacements(lines, Style(self.deck.language))

    def _chapters(self, timeline: Timeline) -> tuple[tuple[Fraction, Fraction, str], ...]:
        return build_chapters(timeline, [slide.heading for slide in self.deck.slides])

    def _check_length(self, timeline: Timeline) -> None:
        if self.options.motion == "gentle" and timeline.duration > MAX_MOTION_FILM_S:
            raise FilmTooLong(
                f"The film would be {float(timeline.duration) / 60:.0f} minutes long; with motion "
                f"the limit is {MAX_MOTION_FILM_S // 60}. Leave motion out, or shorten what is "
                "spoken."
            )

    def _segment_cache(
        self, inputs: FilmInputs, timeline: Timeline, clips: Clips | None
    ) -> SegmentCache:
        # The object of a slide is written once and named by its content.
        names = [slide.name for slide in self.slides]
        size = self.deck.size

        def load_picture(number: int) -> Planes:
            return rgb_to_planes(to_rgb_array(inputs.read_slide(self.slides[number], size)))

        renderer = FrameRenderer(timeline, names, load_picture, size, self.deck.language, clips)
        movement = self.options.motion if clips is None else "clips"
        return SegmentCache(self.objects, self.segments_prefix, renderer, size, movement)

    def _mix_sound(
        self,
        inputs: FilmInputs,
        timeline: Timeline,
        voice: Iterator[Samples],
        own_sounds: Sequence[OwnSound],
    ) -> Iterator[Samples]:
        if own_sounds:
            is_spoken = bool(timeline.sentences)
            target = TARGET_LUFS - (BESIDE_VOICE_LU if is_spoken else 0)
            voice = mix_own_sound(voice, timeline, own_sounds, target)
        if self.music is None:
            return voice
        ranges = [(sound.start, sound.end) for sound in own_sounds]
        return mix_music(voice, timeline, partial(inputs.decode_sound, self.music), ranges)

    def _read_speech(self, number: int) -> SpeechAudio:
        speech = self.narration.slides[number]
        return from_wav(read_version(self.objects, Bucket.WORK, speech.object, speech.generation))
