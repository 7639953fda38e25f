"""Litter: files that desktop systems leave in every folder they look at.

Owns: which names are litter.
Never: what becomes of it. A collection can be set to keep it out of its manifests; its clients have it as before.
Source: sabre/dav TemporaryFileFilterPlugin; Apple's AppleDouble files (``._*``) and ``.DS_Store``.
"""

from __future__ import annotations

_NAMES = frozenset({".ds_store", ".apdisk", "thumbs.db", "ehthumbs.db", "desktop.ini"})


def is_litter(name: str) -> bool:
    """Tell whether a file or folder of this name is litter."""
    return name.startswith("._") or name.casefold() in _NAMES


def may_name_litter(text: str) -> bool:
    """Tell whether a name in a manifest's text could be litter: quickly, and never False if one is."""
    folded = text.casefold()
    return "._" in folded or any(name in folded for name in _NAMES)
