"""Measurements of the promises about speed; each script prints a table and exits 1 if a promise is broken."""
