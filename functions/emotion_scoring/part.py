"""A part of emotion scoring: scores one frame pack and writes one object with scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

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


def score_pack(context: UnitContext) -> UnitDone:
    """Scores a pack: reads it front to back, one frame in memory, and writes its scores once."""
    scorer = _scorer(context)
    pack = find_pack(context)
    options = EmotionOptions.from_job(context.job.options)
    spec = _spec(scorer, pack, options)
    name = f"{SCORES_PREFIX}{context.job.id}/{spec[:12]}/{int(context.part):02d}.jsonl.gz"
    stored = context.objects.stat(Bucket.WORK, name)
    # The spec determines the scores, so an object that an earlier, unrecorded attempt wrote from
    # the same spec is adopted.
    adopted = stored is not None and stored.spec == spec
    if stored is None or not adopted:
        stored = _write(context, scorer, pack, name, spec, mirror=options.mirror)
    artifacts = [stored.to_artifact(SCORES, "scores")]
    if options.annotate:
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


def _write(
    context: UnitContext, scorer: Scorer, pack: StoredObject, name: str, spec: str, *, mirror: bool
) -> StoredObject:
    read_at = context.objects.range_reader(pack.bucket, pack.name, pack.generation)
    file = RangeFile(
        read_at, pack.size_bytes, block_bytes=BLOCK_BYTES, max_cached_blocks=MAX_CACHED_BLOCKS
    )
    limits = Limits.for_function(FUNCTIONS["emotion_scoring"])
    with (
        context.objects.create(
            Bucket.WORK, name, content_type="application/gzip", spec=spec
        ) as scores,
        ImageDecoder(limits, context.check) as decoder,
    ):
        source = pack.name, pack.generation
        frames, faces = score_frames(
            file, scorer, scores, source, context.check, decode=decoder.decode, mirror=mirror
        )
    context.log("pack.scored", frames=frames, faces=faces, fetched_bytes=file.fetched_bytes)
    return scores.stored_object


def score_frames(
    file: RangeFile,
    scorer: Scorer,
    sink: Sink,
    source: tuple[str, int],
    check: Callable[[], None],
    *,
    decode: Callable[[bytes], BgrImage],
    mirror: bool,
) -> tuple[int, int]:
    """Scores a pack frame by frame and writes the scores to `sink`.

    Args:
        source: the pack's name and generation.
        check: called before each frame; raises to stop the work.
        decode: decodes a frame.
        mirror: as in EmotionOptions.

    Returns:
        The numbers of frames and faces.
    """
    warnings = tuple(scorer.warnings())
    models = scorer.describe(mirror=mirror)
    writer = ScoresWriter(sink, ScoresHeader(scorer.classes, models, warnings, source))
    finder = scorer.create_finder()
    frames = faces = 0
    for entry in read_pack(file):
        check()
        # The reader's position is directly after the entry's bytes.
        offset = file.tell() - len(entry.data)
        frame_faces = tuple(scorer.score(decode(entry.data), mirror=mirror, finder=finder))
        writer.add(ScoredFrame(entry.name, entry.stamp, offset, len(entry.data), frame_faces))
        frames, faces = frames + 1, faces + len(frame_faces)
    writer.close()
    return frames, faces


def _spec(scorer: Scorer, pack: StoredObject, options: EmotionOptions) -> str:
    """Returns the hash of all inputs that determine the scores."""
    models = scorer.describe(mirror=options.mirror)
    content = [SCORES_VERSION, pack.name, pack.generation, options.mirror, models]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
