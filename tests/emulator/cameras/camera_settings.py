"""The frame rate and the password of the cameras."""

from __future__ import annotations

FPS = 15
PASSWORD = "canary-7c1f"
