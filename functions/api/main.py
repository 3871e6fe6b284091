"""The API of Moodreel: what people and their programs ask, answered over HTTPS."""

from functions.api.routes import ROUTES
from shared.entrypoints.endpoint import endpoint

main = endpoint("api", ROUTES)
