"""A client of Moodreel: frames, emotion timelines, captions and narrated films from videos.

>>> with Client("https://api.example.org", api_key="mr_…") as client:
...     client.run("frames", "holiday.mp4", every="1/2").wait().download("frames/")
"""

from moodreel.__about__ import __version__
from moodreel._async.client import AsyncClient
from moodreel._async.job import AsyncJob
from moodreel._sync.client import Client
from moodreel._sync.job import Job
from moodreel.credentials import Credentials, Password, RefreshToken, Token
from moodreel.errors import (
    ApiError,
    ChangedMeanwhile,
    Conflict,
    ConnectionFailed,
    FieldError,
    Forbidden,
    Gone,
    InvalidRequest,
    JobFailed,
    MoodreelError,
    NotFound,
    NotSignedIn,
    RateLimited,
    RecordingFailed,
    ServerFailed,
    SignatureError,
    TransferFailed,
    WaitTimeout,
)
from moodreel.files.inputs import LATEST, WrongFiles

__all__ = [
    "LATEST",
    "ApiError",
    "AsyncClient",
    "AsyncJob",
    "ChangedMeanwhile",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Credentials",
    "FieldError",
    "Forbidden",
    "Gone",
    "InvalidRequest",
    "Job",
    "JobFailed",
    "MoodreelError",
    "NotFound",
    "NotSignedIn",
    "Password",
    "RateLimited",
    "RecordingFailed",
    "RefreshToken",
    "ServerFailed",
    "SignatureError",
    "Token",
    "TransferFailed",
    "WaitTimeout",
    "WrongFiles",
    "__version__",
]
