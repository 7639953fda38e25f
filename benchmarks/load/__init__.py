"""Load generators: many requests over kept connections, by wrk where it is installed, else by a client of our own.

Either runs in a process of its own, so that what measures does not compete with what asks. ``plans`` says what is
asked; ``wrk`` and ``raw`` ask it; ``wire`` is how a request looks.
"""
