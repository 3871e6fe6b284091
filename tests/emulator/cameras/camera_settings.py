"""The frame rate, the length and the password of the cameras."""

from __future__ import annotations

FPS = 15
LOOP_FRAMES = 60 * FPS
"""The cameras begin again after a minute, which a busy machine may need for one test."""
PASSWORD = "canary-7c1f"
