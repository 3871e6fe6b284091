"""The console: serves the web application that is built into `site/`."""

from functions.console.files import create_site
from shared.entrypoints.site import site

main = site(create_site)
"""Responds to GET and HEAD requests for the console's pages and assets."""
