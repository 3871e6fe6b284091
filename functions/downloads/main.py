"""The entry point of downloads: results, clips and camera previews over HTTPS."""

from functions.downloads.routes import ROUTES
from shared.entrypoints.endpoint import endpoint

main = endpoint("downloads", ROUTES)
