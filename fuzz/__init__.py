"""Hostile input for every parser: coverage-guided, for as long as one likes.

    pip install -e '.[dev,fuzz]'
    python -m fuzz --minutes 60               every target in turn
    python -m fuzz --minutes 5 head chunked   some of them

A target (``fuzz.target``) knows more than "does not crash": which errors may be raised, that what is read is written
back the same, that another reader agrees. ``tests/property/test_fuzz_targets.py`` runs each of them for a moment in CI;
``fuzz.server`` throws the same at a real server.
"""
