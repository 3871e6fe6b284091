"""The colours of emails: those of the console (functions/console/web/src/style/tokens.css)."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "background": "#fbfbfa",
    "surface": "#ffffff",
    "border": "#e2e2df",
    "text": "#1b1b1f",
    "muted": "#5b5b63",
    "accent": "#4f46b8",
    "accent_contrast": "#ffffff",
    "warning": "#8a5a00",
    "warning_soft": "#fbf1dc",
}
DARK: Mapping[str, str] = {
    "background": "#131316",
    "surface": "#1b1b1f",
    "border": "#2e2e35",
    "text": "#ededf0",
    "muted": "#a5a5af",
    "accent": "#a9a2ff",
    "accent_contrast": "#16142e",
    "warning": "#ecb95a",
    "warning_soft": "#35290f",
}
