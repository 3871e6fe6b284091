"""The entry point of the HTTPS API."""

from functions.api.routes import ROUTES
from shared.entrypoints.endpoint import endpoint

main = endpoint("api", ROUTES)
