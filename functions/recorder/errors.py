"""The reasons why a camera cannot be recorded, one class for each cause.

The first line of a docstring is the message that users read. No message repeats an address or a
password. A permanent error makes the recorder give up at once, unless the camera has worked
before; after a transient error it connects again with backoff.
"""

from __future__ import annotations

from shared.errors import PermanentError, TransientError


class CameraAddressRefused(PermanentError):
    """The camera's name leads to an address that is not public."""

    code = "private-address"


class CameraRedirectRefused(PermanentError):
    """The camera's server redirects to another address; use the camera's own address."""

    code = "redirect-refused"


class CameraUnauthorized(PermanentError):
    """The camera does not accept this user and password; put them into its address."""

    code = "camera-locked"


class NoSuchStream(PermanentError):
    """The camera has no stream under this path; look it up in the camera's manual."""

    code = "no-such-stream"


class NotACamera(PermanentError):
    """This address is not a supported camera: RTSP over TCP, or MJPEG over HTTP."""

    code = "not-a-camera"


class SinglePicture(PermanentError):
    """This address answers with one picture; use the address of the camera's video stream."""

    code = "single-picture"


class UnsupportedCameraCodec(PermanentError):
    """The camera sends no H.264, H.265 or MJPEG; choose one of these in its settings."""

    code = "camera-codec"


class StreamRefused(PermanentError):
    """The camera's stream exceeds a limit: a part without end, or pictures that are too large."""

    code = "stream-refused"


class CertificateRefused(PermanentError):
    """The certificate of the camera's server is not valid for its name."""

    code = "certificate"


class DeviceRefused(PermanentError):
    """The recorder may not use the cameras of its machine.

    Only a suite on one's own machine may, and its user needs permission (on Linux: membership of
    the group `video`).
    """

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
    """The connection to the camera broke off, or nothing listens at its address."""

    code = "camera-gone"
