"""A part of emotion scoring: scores one frame pack and writes one object with scores.

For a film the contents of the frames are measured too, from which the join finds scenes. Without
consent only they are: no model is loaded and no face is searched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.emotion_scoring.faces.face import Face
from functions.emotion_scoring.faces.scorer import Scorer
from functions.emotion_scoring.models.fetch import ModelSources
from functions.emotion_scoring.packs import find_pack
from functions.emotion_scoring.scores import ScoredFrame, ScoresHeader, ScoresWriter, Sink
from functions.emotion_scoring.video.pieces import AnnotatedVideo
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.media.containers.range_file import RangeFile
from shared.media.images.frame import BgrImage
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS, SCORES_PREFIX, Bucket
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.emotions.results import EmotionsPart
from shared.recipes.frames.pack import read_pack
from shared.recipes.stored_object import StoredObject

if TYPE_CHECKING:
    from functions.emotion_scoring.scenes.content import ContentMeter

SCORES = "scores"
SCORES_VERSION = 2
"""Increase when the same pack and models give other scores, so that older ones are not adopted."""
BLOCK_BYTES, MAX_CACHED_BLOCKS = 1 << 20, 6
"""The pack is read front to back, so blocks are large and few are cached."""


@dataclass
class _Instance:
    """State of the process between deliveries: the models, loaded with the first delivery."""

    scorer: Scorer | None = None


_instance = _Instance()


@dataclass(frozen=True, slots=True)
class FaceScoring:
    """How faces are scored. `mirror` is as in EmotionOptions."""

    scorer: Scorer
    mirror: bool


def score_pack(context: UnitContext) -> UnitDone:
    """Scores a pack: reads it front to back, one frame in memory, and writes its scores once."""
    options = EmotionOptions.from_job(context.job.options)
    scoring = None if options is None else FaceScoring(_scorer(context), mirror=options.mirror)
    # Only films show scenes.
    is_film = context.job.recipe.deck_stage is not None
    pack = find_pack(context)
    spec = _spec(scoring, pack, is_film=is_film)
    name = f"{SCORES_PREFIX}{context.job.id}/{spec[:12]}/{int(context.part):02d}.jsonl.gz"
    stored = context.objects.stat(Bucket.WORK, name)
    # The spec determines the scores, so an object that an earlier, unrecorded attempt wrote from
    # the same spec is adopted.
    adopted = stored is not None and stored.spec == spec
    if stored is None or not adopted:
        meter = _make_meter() if is_film else None
        stored = _write(context, scoring, meter, pack, name, spec)
    artifacts = [stored.to_artifact(SCORES, "scores")]
    if options is not None and options.annotate:
        annotation = AnnotatedVideo(context, options)
        if annotation.obstacle is None:
            artifacts.append(annotation.write_piece(stored))
    return UnitDone(
        artifacts=tuple(artifacts),
        facts=EmotionsPart(*pack.version).to_dict(),
        adopted=adopted,
    )


def _scorer(context: UnitContext) -> Scorer:
    if _instance.scorer is None:
        settings = context.settings
        sources = ModelSources(
            settings.models_dir, settings.models_cache, context.objects, context.log
        )
        _instance.scorer = Scorer.load(sources)
    return _instance.scorer


def _make_meter() -> ContentMeter:
    # Imported with the first film: the import takes 0.13 s of CPU time.
    from functions.emotion_scoring.scenes.content import ContentMeter

    return ContentMeter()


def _write(
    context: UnitContext,
    scoring: FaceScoring | None,
    meter: ContentMeter | None,
    pack: StoredObject,
    name: str,
    spec: str,
) -> StoredObject:
    read_at = context.objects.range_reader(pack.bucket, pack.name, pack.generation)
    file = RangeFile(
        read_at, pack.size_bytes, block_bytes=BLOCK_BYTES, max_cached_blocks=MAX_CACHED_BLOCKS
    )
    limits = Limits.for_function(FUNCTIONS["emotion_scoring"])

    def check() -> None:
        context.report_progress(file.tell() / pack.size_bytes)
        context.check()

    with (
        context.objects.create(
            Bucket.WORK, name, content_type="application/gzip", spec=spec
        ) as scores,
        ImageDecoder(limits, context.check) as decoder,
    ):
        source = pack.name, pack.generation
        frames, faces = score_frames(
            file, scoring, scores, source, check, decode=decoder.decode, meter=meter
        )
    context.log("pack.scored", frames=frames, faces=faces, fetched_bytes=file.fetched_bytes)
    return scores.stored_object


def score_frames(
    file: RangeFile,
    scoring: FaceScoring | None,
    sink: Sink,
    source: tuple[str, int],
    check: Callable[[], None],
    *,
    decode: Callable[[bytes], BgrImage],
    meter: ContentMeter | None = None,
) -> tuple[int, int]:
    """Scores a pack frame by frame and writes the scores to `sink`.

    Args:
        scoring: None to search no faces.
        source: the pack's name and generation.
        check: called before each frame; raises to stop the work.
        decode: decodes a frame.
        meter: measures the contents of the frames; None if they are not needed.

    Returns:
        The numbers of frames and faces.
    """
    writer = ScoresWriter(sink, _header(scoring, source))
    finder = None if scoring is None else scoring.scorer.create_finder()
    frames = faces = 0
    for entry in read_pack(file):
        check()
        # The reader's position is directly after the entry's bytes.
        offset = file.tell() - len(entry.data)
        image = decode(entry.data)
        frame_faces: tuple[Face, ...] = ()
        if scoring is not None and finder is not None:
            scored = scoring.scorer.score(image, mirror=scoring.mirror, finder=finder)
            frame_faces = tuple(scored)
        content = None if meter is None else meter.measure(image)
        writer.add(
            ScoredFrame(entry.name, entry.stamp, offset, len(entry.data), frame_faces, content)
        )
        frames, faces = frames + 1, faces + len(frame_faces)
    writer.close()
    return frames, faces


def _header(scoring: FaceScoring | None, source: tuple[str, int]) -> ScoresHeader:
    if scoring is None:
        return ScoresHeader((), {}, (), source)
    scorer = scoring.scorer
    models = scorer.describe(mirror=scoring.mirror)
    return ScoresHeader(scorer.classes, models, tuple(scorer.warnings()), source)


def _spec(scoring: FaceScoring | None, pack: StoredObject, *, is_film: bool) -> str:
    """Returns the hash of all inputs that determine the scores."""
    faces = (
        [None, None]
        if scoring is None
        else [scoring.mirror, scoring.scorer.describe(mirror=scoring.mirror)]
    )
    content = [SCORES_VERSION, pack.name, pack.generation, *faces, *(["scenes"] if is_film else [])]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
