"""A film of a deck: slides, narration, music, subtitles and chapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from functions.stitching.audio.loudness import TARGET_LUFS
from functions.stitching.audio.music import mix_music
from functions.stitching.audio.narration import encode_narration
from functions.stitching.audio.own_sound import BESIDE_VOICE_LU, OwnSound, mix_own_sound
from functions.stitching.audio.speech import STEREO_LU, SpeechTrack
from functions.stitching.deck_inputs import DeckInputs
from functions.stitching.film.encoding import Movement, Planes, planes_to_picture
from functions.stitching.film.frames import FrameRenderer
from functions.stitching.film.mp4 import FilmMetadata, Samples
from functions.stitching.film.pictures import encode_poster
from functions.stitching.film.segment_cache import SegmentCache
from functions.stitching.film.segments import plan_segments
from functions.stitching.film.slideshow import write_slideshow
from functions.stitching.film.timeline import (
    FilmTooLong,
    Timeline,
    build_chapters,
    build_timeline,
)
from functions.stitching.film_result import NARRATION_FILE, RenderedFilm
from functions.stitching.footage.clips import Clips
from functions.stitching.footage.shots import ClipPlan
from functions.stitching.inputs import FilmInputs
from functions.stitching.slides import SlideDecoder
from functions.stitching.subtitles.track import build_film_cues
from shared.entrypoints.stage import UnitContext
from shared.pipeline import FILM_CACHE_PREFIX
from shared.recipes.films.options import MAX_MOTION_FILM_S
from shared.recipes.results import FilmResult
from shared.runtime.owner_cache import OwnerCache
from shared.subtitles.cues import Cue, build_chapter_cues
from shared.subtitles.formats import to_srt, to_vtt
from shared.subtitles.languages import iso_639_2
from shared.typography.faces import Style, describe_replacements


@dataclass(frozen=True)
class DeckFilm:
    """A film of slides. `cache` is that of the job's owner."""

    inputs: DeckInputs
    cache: OwnerCache

    @classmethod
    def from_context(cls, context: UnitContext) -> DeckFilm:
        """Reads the inputs. Raises the errors of `DeckInputs.from_context`."""
        cache = OwnerCache(context.objects, FILM_CACHE_PREFIX, context.job.owner)
        return cls(DeckInputs.from_context(context), cache)

    @property
    def content(self) -> list[Any]:
        """See `DeckInputs.content`."""
        return self.inputs.content

    def write(self, path: Path, check: Callable[[], None]) -> RenderedFilm:
        """Writes the film to `path`. Encoded segments of earlier films of the owner are reused.

        Raises FilmTooLong, and the errors of reading objects.
        """
        deck, footage, options = self.inputs.deck, self.inputs.footage, self.inputs.options
        plan = ClipPlan({}) if footage is None else footage.plan(deck, self.inputs.narration)
        timeline = build_timeline(self.inputs.narration, plan.pacing)
        self._check_length(timeline)
        prepared = None if footage is None else footage.prepare(deck, timeline, plan, check)
        own_sounds = () if prepared is None else prepared.sounds
        cues = build_film_cues(timeline, () if prepared is None else prepared.quotes)
        channels = 1 if self.inputs.music is None and not own_sounds else 2
        speech = SpeechTrack(timeline, self.inputs.read_speech)
        speech.measure(check)
        factors = speech.compute_gains(TARGET_LUFS - (STEREO_LU if channels == 2 else 0))
        # Players that show subtitles by default would show burned-in lines twice.
        soft = cues if options.subtitles == "soft" else ()
        metadata = FilmMetadata(
            channels=channels,
            title=deck.title,
            language=iso_639_2(deck.language),
            chapters=self._chapters(timeline),
            subtitles=bool(soft),
        )
        clips = None if prepared is None else prepared.clips
        moving = {n for n in self.inputs.moving_boxes if clips is None or n not in clips}
        segments = plan_segments(timeline, cues, options, moving, clips or frozenset())
        narration = None if speech.is_empty else path.with_name(NARRATION_FILE)
        voice = (
            speech.read_blocks(factors)
            if narration is None or channels == 1
            else encode_narration(
                narration,
                metadata,
                speech.read_blocks(factors, speech.compute_gains(TARGET_LUFS)),
            )
        )
        with SlideDecoder(deck.size, check) as slides:
            movement: Movement = options.motion if clips is None else "clips"
            cache = self._segment_cache(slides, timeline, clips, movement)
            write_slideshow(
                path,
                metadata,
                deck.size,
                movement,
                segments=cache.get_segments(segments, check),
                sound=self._mix_sound(timeline, speech, voice, own_sounds, check),
                cues=soft,
                check=check,
                sound_path=narration if channels == 1 else None,
            )
            poster = self._read_poster(slides, check)
        result = FilmResult(
            round(float(timeline.duration), 3),
            *deck.size,
            slides=len(deck.slides),
            scenes_encoded=len(cache.encoded_scenes),
            scenes_reused=len(deck.slides) - len(cache.encoded_scenes),
        )
        return RenderedFilm(
            encode_poster(poster),
            result,
            to_vtt(cues) if cues else "",
            to_srt(cues) if cues else "",
            to_vtt(build_chapter_cues(self._chapters(timeline))),
            narration,
            warnings=(
                *self._describe_motion(),
                *self._describe_replacements(cues),
                *(() if footage is None else footage.warnings),
                *(() if prepared is None else prepared.warnings),
            ),
        )

    def _read_poster(self, slides: SlideDecoder, check: Callable[[], None]) -> Image.Image:
        footage = self.inputs.footage
        poster = None if footage is None else footage.read_poster(self.inputs.deck.size, check)
        if poster is None:
            poster = planes_to_picture(slides.decode(self.inputs.read_slide(0)))
        return poster

    def _describe_motion(self) -> tuple[str, ...]:
        if self.inputs.options.motion == "none" or self.inputs.moving_boxes:
            return ()
        return ("Nothing moves in the film: motion moves pictures, and no slide has one.",)

    def _describe_replacements(self, cues: Sequence[Cue]) -> tuple[str, ...]:
        if self.inputs.options.subtitles != "burned":
            return ()
        lines = [line for cue in cues for line in cue.lines]
        return describe_replacements(lines, Style(self.inputs.deck.language))

    def _chapters(self, timeline: Timeline) -> tuple[tuple[Fraction, Fraction, str], ...]:
        return build_chapters(timeline, [slide.heading for slide in self.inputs.deck.slides])

    def _check_length(self, timeline: Timeline) -> None:
        if self.inputs.moving_boxes and timeline.duration > MAX_MOTION_FILM_S:
            raise FilmTooLong(
                f"The film would be {float(timeline.duration) / 60:.0f} minutes long; with motion "
                f"the limit is {MAX_MOTION_FILM_S // 60}. Leave motion out, or shorten what is "
                "spoken."
            )

    def _segment_cache(
        self, slides: SlideDecoder, timeline: Timeline, clips: Clips | None, movement: Movement
    ) -> SegmentCache:
        def load_picture(number: int) -> Planes:
            return slides.decode(self.inputs.read_slide(number))

        deck = self.inputs.deck
        renderer = FrameRenderer(
            timeline,
            self.inputs.slide_names,
            load_picture,
            deck.size,
            deck.language,
            self.inputs.moving_boxes,
            clips,
        )
        return SegmentCache(self.cache, renderer, deck.size, movement)

    def _mix_sound(
        self,
        timeline: Timeline,
        speech: SpeechTrack,
        voice: Iterator[Samples],
        own_sounds: Sequence[OwnSound],
        check: Callable[[], None],
    ) -> Iterator[Samples]:
        if own_sounds:
            spoken = speech.find_spoken()
            target = TARGET_LUFS - (BESIDE_VOICE_LU if spoken else 0)
            voice = mix_own_sound(voice, spoken, own_sounds, target)
        music = self.inputs.music
        if music is None:
            return voice
        decode = partial(FilmInputs(self.inputs.objects, check).decode_sound, music)
        return mix_music(
            voice, timeline, decode, [(sound.start, sound.end) for sound in own_sounds]
        )
