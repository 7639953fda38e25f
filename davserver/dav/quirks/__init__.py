"""Clients' own ways, one file per client: only where davserver does something for that client that others do not get.

What is good for all is no quirk and stands with its verb. Each quirk has a name that ``[quirks] off`` takes, says which
clients it is for and where that is known from, and is played in ``tests/transcripts``.
"""
