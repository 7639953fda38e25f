"""Manifest text to records and back; pure functions."""
