"""The console: the web page on which people use Moodreel, as it was built into `site/`."""

from functions.console.pages import pages
from shared.site import site

main = site(pages)
"""Every file of the console."""
