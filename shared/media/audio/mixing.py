"""Mixes any number of channels to one or two."""

from __future__ import annotations

import av
from av.audio.resampler import AudioResampler

_LAYOUTS = {3: "3.0", 4: "quad"}
"""Layouts of channels without names, by their number, where libswresample takes others (2.1, 4.0):
those of WAV files by Microsoft. Six are taken for 5.1, eight for 7.1."""
_OPTIONS = {"rematrix_maxval": "1", "lfe_mix_level": "0"}


def make_resampler(frame: av.AudioFrame, rate_hz: int, channels: int) -> AudioResampler:
    """Returns a resampler to float32 for frames like this one: mono, or `channels` of 1 or 2.

    libswresample mixes with the coefficients of ITU-R BS.775-4, annex 4: 1 for the front, 0.7071
    for the centre and for each surround channel, and nothing for the low frequency effects. The
    coefficients are divided by the greatest sum of those of one output channel (2.414 for 5.1), so
    that no sample of the mix is greater than the greatest of its channels.
    """
    is_mono = channels == 1 or frame.layout.nb_channels == 1
    layout = "mono" if is_mono else "stereo"
    # Only for a mix: with options, libswresample is inserted even if there is nothing to convert.
    options = _OPTIONS if frame.layout.nb_channels > channels else None
    return AudioResampler(format="fltp", layout=layout, rate=rate_hz, options=options)


def name_channels(frame: av.AudioFrame) -> av.AudioFrame:
    """Returns the frame, with a layout if its channels have no names."""
    count = frame.layout.nb_channels
    if count not in _LAYOUTS or frame.layout.name != f"{count} channels":
        return frame
    named = av.AudioFrame.from_ndarray(frame.to_ndarray(), frame.format.name, _LAYOUTS[count])
    named.sample_rate, named.time_base = frame.sample_rate, frame.time_base
    return named
