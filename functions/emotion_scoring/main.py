"""Score the faces of a pack of frames; merge the parts into a timeline."""

from functions.emotion_scoring.joining import join_scores
from functions.emotion_scoring.part import score_pack
from shared.stage import stage

main = stage("emotion_scoring", part=score_pack, join=join_scores)
