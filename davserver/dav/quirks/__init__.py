"""Clients' own ways, one file per client."""
