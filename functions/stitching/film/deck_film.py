"""A film of a deck: slides, narration, music, subtitles and chapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from functions.stitching.audio.loudness import TARGET_LUFS, FloatArray
from functions.stitching.audio.music import mix_music
from functions.stitching.audio.own_sound import BESIDE_VOICE_LU, OwnSound, mix_own_sound
from functions.stitching.audio.speech import STEREO_LU, SpeechTrack
from functions.stitching.film.encoding import Planes, rgb_to_planes
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.motion import Box
from functions.stitching.film.mp4 import FilmMetadata, Samples
from functions.stitching.film.pictures import encode_poster, to_rgb_array
from functions.stitching.film.segment_cache import (
    SEGMENT_VERSION,
    SegmentCache,
    encoder_versions,
)
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
from functions.stitching.objects import hash_object, read_stored, read_version
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption, PermanentError
from shared.pipeline import FILM_CACHE_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.films.deck import Deck
from shared.recipes.films.narration import Narration
from shared.recipes.films.options import MAX_MOTION_FILM_S, FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.recipes.films.wav import from_wav
from shared.recipes.results import DeckResult, FilmResult, NarrationResult, SlideImage
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.owner_cache import OwnerCache
from shared.subtitles.cues import Cue, build_chapter_cues, build_cues
from shared.subtitles.formats import to_srt, to_vtt
from shared.subtitles.languages import iso_639_2
from shared.typography.faces import Style, describe_replacements
from shared.typography.versions import drawing_versions


class SlidesDoNotMatch(PermanentError):
    """The slides, their narration and the deck have different numbers of slides."""

    code = "slides-do-not-match"


@dataclass(frozen=True)
class DeckFilm:
    """The inputs of a film of slides. `cache` is that of the job's owner."""

    objects: ObjectStore
    cache: OwnerCache
    deck: Deck
    slides: Sequence[SlideImage]
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
        slides = deck_result.slides
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
            OwnerCache(context.objects, FILM_CACHE_PREFIX, context.job.owner),
            deck,
            slides,
            narration,
            options,
            None if music is None else music.stored_object,
            Footage.from_context(context, deck),
        )

    @property
    def content(self) -> list[Any]:
        """All that the film depends on, as JSON values without the names of the job's objects: the
        film of another job with the same content is the same."""
        return [
            SEGMENT_VERSION,
            encoder_versions(),
            drawing_versions(),
            self.deck.to_dict(),
            self._slide_names,
            sorted(self._moving_boxes.items()),
            # Speech is named by the hash of its samples.
            [
                [speech.object.rpartition("/")[2], [row.to_dict() for row in speech.sentences]]
                for speech in self.narration.slides
            ],
            self.options.to_dict(),
            None if self.music is None else hash_object(self.objects, self.music),
            *([] if self.footage is None else [self.footage.content]),
        ]

    @property
    def _slide_names(self) -> list[str]:
        # Earlier versions recorded no hash. The object of a slide is written once.
        return [slide.content or slide.stored_object.name for slide in self.slides]

    @property
    def _moving_boxes(self) -> dict[int, Box]:
        """The boxes of the pictures that move, by the number of their slide."""
        if self.options.motion != "gentle":
            return {}
        boxes = {n: slide.picture for n, slide in enumerate(self.slides)}
        return {n: box for n, box in boxes.items() if box is not None}

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
        moving = {number for number in self._moving_boxes if clips is None or number not in clips}
        segments = plan_segments(timeline, cues, self.options, moving, clips or frozenset())
        write_slideshow(
            path,
            metadata,
            segments=cache.get_segments(segments, check),
            sound=self._mix_sound(inputs, timeline, speech, factors, own_sounds),
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
            poster = inputs.read_slide(self.slides[0].stored_object, self.deck.size)
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
                *self._describe_motion(),
                *self._describe_replacements(cues),
                *(() if self.footage is None else self.footage.warnings),
            ),
        )

    def _describe_motion(self) -> tuple[str, ...]:
        if self.options.motion == "none" or self._moving_boxes:
            return ()
        return ("Nothing moves in the film: motion moves pictures, and no slide has one.",)

    def _describe_replacements(self, cues: Sequence[Cue]) -> tuple[str, ...]:
        if self.options.subtitles != "burned":
            return ()
        lines = [line for cue in cues for line in cue.lines]
        return describe_replacements(lines, Style(self.deck.language))

    def _chapters(self, timeline: Timeline) -> tuple[tuple[Fraction, Fraction, str], ...]:
        return build_chapters(timeline, [slide.heading for slide in self.deck.slides])

    def _check_length(self, timeline: Timeline) -> None:
        if self._moving_boxes and timeline.duration > MAX_MOTION_FILM_S:
            raise FilmTooLong(
                f"The film would be {float(timeline.duration) / 60:.0f} minutes long; with motion "
                f"the limit is {MAX_MOTION_FILM_S // 60}. Leave motion out, or shorten what is "
                "spoken."
            )

    def _segment_cache(
        self, inputs: FilmInputs, timeline: Timeline, clips: Clips | None
    ) -> SegmentCache:
        size = self.deck.size

        def load_picture(number: int) -> Planes:
            slide = self.slides[number].stored_object
            return rgb_to_planes(to_rgb_array(inputs.read_slide(slide, size)))

        renderer = FrameRenderer(
            timeline,
            self._slide_names,
            load_picture,
            size,
            self.deck.language,
            self._moving_boxes,
            clips,
        )
        movement = self.options.motion if clips is None else "clips"
        return SegmentCache(self.cache, renderer, size, movement)

    def _mix_sound(
        self,
        inputs: FilmInputs,
        timeline: Timeline,
        speech: SpeechTrack,
        factors: FloatArray,
        own_sounds: Sequence[OwnSound],
    ) -> Iterator[Samples]:
        voice = speech.read_blocks(factors)
        if own_sounds:
            spoken = speech.find_spoken()
            target = TARGET_LUFS - (BESIDE_VOICE_LU if spoken else 0)
            voice = mix_own_sound(voice, spoken, own_sounds, target)
        if self.music is None:
            return voice
        ranges = [(sound.start, sound.end) for sound in own_sounds]
        return mix_music(voice, timeline, partial(inputs.decode_sound, self.music), ranges)

    def _read_speech(self, number: int) -> SpeechAudio:
        speech = self.narration.slides[number]
        return from_wav(read_version(self.objects, Bucket.WORK, speech.object, speech.generation))
