"""Commands of this process, with no settings of whoever runs the tests."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch):
    for name in os.environ:
        if name.startswith("DAVSERVER_"):
            monkeypatch.delenv(name)
