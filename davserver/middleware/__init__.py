"""WSGI wrappers around the whole of the application."""
