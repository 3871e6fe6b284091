"""Why a camera cannot be recorded: one class a cause. None repeats an address or a password.

A camera that was refused for good is given up at once; all else is tried again with patience.
"""

from __future__ import annotations

from shared.errors import PermanentError, TransientError


class CameraAddressRefused(PermanentError):
    """The camera's name leads to an address that is not public."""

    code = "private-address"


class CameraRedirectRefused(PermanentError):
    """The camera's server sends us elsewhere, and redirects are not followed; give its own."""

    code = "redirect-refused"


class CameraUnauthorized(PermanentError):
    """The camera does not accept this user and password; put them into its address."""

    code = "camera-locked"


class NoSuchStream(PermanentError):
    """The camera has no stream under this path; look it up in the camera's manual."""

    code = "no-such-stream"


class NotACamera(PermanentError):
    """What answers there is no camera that we understand: RTSP over TCP, or MJPEG over HTTP."""

    code = "not-a-camera"


class UnsupportedCameraCodec(PermanentError):
    """The camera sends no H.264, H.265 or MJPEG; set one of these in its settings."""

    code = "camera-codec"


class StreamRefused(PermanentError):
    """The camera's stream breaks a limit: a part without end, or pictures that are too large."""

    code = "stream-refused"


class CertificateRefused(PermanentError):
    """The certificate of the camera's server is not valid for its name."""

    code = "certificate"


class DeviceRefused(PermanentError):
    """The recorder may not use this camera of its machine: only a suite on one's own machine may,
    and its user has to be allowed to (on Linux by the group `video`)."""

    code = "device-refused"


class DeviceNotFound(PermanentError):
    """This machine has no camera of that number."""

    code = "device-missing"


class CameraNameNotFound(TransientError):
    """The camera's name has no address."""

    code = "name-not-found"


class CameraTimeout(TransientError):
    """The camera does not answer, or has stopped sending pictures."""

    code = "camera-silent"


class CameraDisconnected(TransientError):
    """The connection to the camera broke off, or nobody listens at its address."""

    code = "camera-gone"
