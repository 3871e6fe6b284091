"""Record cameras: hold their sessions, and make clips of what was recorded."""

from functions.recorder.errands import attend
from shared.media.confined import preload
from shared.stage import errand

preload("functions.recorder.muxing", "functions.recorder.develop")
main = errand("recorder", attend)
