"""The console: the web page on which people use Moodreel, as it was built into `site/`."""

from functions.console.files import serve_pages
from shared.entrypoints.site import site

main = site(serve_pages)
"""Every file of the console."""
