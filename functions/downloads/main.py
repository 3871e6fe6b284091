"""Results as bytes: in ranges, from the bucket to whoever may have them."""

from functions.downloads.routes import ROUTES
from shared.entrypoints.endpoint import endpoint

main = endpoint("downloads", ROUTES)
