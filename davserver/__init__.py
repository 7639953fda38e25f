"""A WebDAV server whose folders are collections of content-addressed blocks."""

__all__ = ["__version__"]

__version__ = "0.1.0"
