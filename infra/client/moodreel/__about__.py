"""The version of the package, which requests name in User-Agent."""

__version__ = "0.1.0"
