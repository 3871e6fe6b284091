"""Results as bytes: in ranges, from the bucket to whoever may have them."""

from functions.media.routes import ROUTES
from shared.endpoint import endpoint

main = endpoint("media", ROUTES)
