"""Converts pictures with an ICC profile to sRGB, with LittleCMS (in Pillow)."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""The mode of pixels by the colour space of a profile (ICC.1 §7.2.6)."""
_COLOUR_SPACE = slice(16, 20)
_MAX_PROFILE_BYTES = 4_000_000
"""CMYK profiles have up to 3 MB."""


def to_srgb(image: Image.Image) -> Image.Image:
    """Returns the picture in sRGB; a picture without a profile is in sRGB already.

    Transparency is kept. Like in browsers, a profile that is damaged or of another colour space
    than the picture is ignored. RGB is converted in place.
    """
    profile: object = image.info.pop("icc_profile", None)
    if not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE_BYTES:
        return image
    profile_mode = _MODES.get(profile[_COLOUR_SPACE].decode("latin-1"))
    if profile_mode is None or not _matches(image, profile_mode):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return _convert(image, source, profile_mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _matches(image: Image.Image, profile_mode: str) -> bool:
    is_grey = image.mode in ("1", "L", "LA")
    if profile_mode == "L":
        return is_grey
    # Grey is shown with an RGB profile as well: its tone curves apply.
    return (image.mode == "CMYK") == (profile_mode == "CMYK")


def _convert(
    image: Image.Image, source: ImageCms.ImageCmsProfile, profile_mode: str
) -> Image.Image:
    alpha = None
    mode = profile_mode
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        mode = "RGBA"
        if profile_mode != "RGB":
            mode, alpha = profile_mode, image.getchannel("A")
    image = image if image.mode == mode else image.convert(mode)
    is_in_place = mode in ("RGB", "RGBA")  # a copy of the largest pictures would take much memory
    transform = ImageCms.buildTransform(
        source,
        _SRGB,
        mode,
        mode if is_in_place else "RGB",
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    converted = ImageCms.applyTransform(image, transform, inPlace=is_in_place) or image
    if alpha is not None:
        converted.putalpha(alpha)
    return converted
