"""Converts pictures to sRGB: by an ICC profile with LittleCMS (in Pillow), or by code points."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from shared.media.colour.conversion import Conversion, find_conversion
from shared.media.colour.icc_high_range import find_high_range
from shared.media.images.colour_codes import CodeScale, apply_conversion

_SRGB = ImageCms.createProfile("sRGB")
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""The mode of pixels by the colour space of a profile (ICC.1 §7.2.6)."""
_COLOUR_SPACE = slice(16, 20)
_MAX_PROFILE_BYTES = 4_000_000
"""CMYK profiles have up to 3 MB."""
CICP = "cicp"
"""The key of `Image.info` for the result of `read_cicp`."""


def to_srgb(image: Image.Image) -> Image.Image:
    """Returns the picture in sRGB; a picture that does not describe its colours is in sRGB already.

    High dynamic range is tone mapped like that of videos. Transparency is kept. Like in browsers,
    a profile that is damaged or of another colour space than the picture is ignored. RGB is
    converted in place.
    """
    profile: object = image.info.pop("icc_profile", None)
    # The order of PNG (third edition, §4.3), and of HEIF (ISO/IEC 23008-12 §6.5.5.1).
    if cicp := image.info.pop(CICP, None):
        primaries, transfer, is_full_range, bit_depth = cicp
        scale = CodeScale(bit_depth, is_full_range)
        return _convert_codes(image, find_conversion(primaries, transfer), scale)
    if profile is None and (nclx := image.info.pop("nclx_profile", None)):
        conversion = find_conversion(nclx["color_primaries"], nclx["transfer_characteristics"])
        return _convert_codes(image, conversion, _scale(image))
    if not isinstance(profile, bytes) or len(profile) > _MAX_PROFILE_BYTES:
        return image
    profile_mode = _MODES.get(profile[_COLOUR_SPACE].decode("latin-1"))
    if profile_mode is None or not _matches(image, profile_mode):
        return image
    if profile_mode != "CMYK" and (conversion := find_high_range(profile)):
        return _convert_codes(image, conversion, _scale(image))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return _convert(image, source, profile_mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _convert_codes(
    image: Image.Image, conversion: Conversion | None, scale: CodeScale
) -> Image.Image:
    return image if conversion is None else apply_conversion(image, conversion, scale)


def _scale(image: Image.Image) -> CodeScale:
    """The decoder of HEIC scales a limited range to full range."""
    return CodeScale(image.info.get("bit_depth", 8))


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
