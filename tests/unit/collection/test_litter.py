"""Litter: which names it is, and a manifest without it."""

import pytest

from davserver.collection.litter import is_litter, may_name_litter
from davserver.collection.load import load_manifest
from davserver.collection.marshal import manifest_text, seal

A = "2c1743a391305fbf367df8e4f069f9f9+5"
B = "959a97caceb0ae1a7de7a7526c629764+6"
C = "bf779e0933a882808585d19455cd7937+7"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e+0"


@pytest.mark.parametrize("name", ["._cat.jpg", "._", ".DS_Store", "Thumbs.db", "thumbs.DB", "desktop.ini", ".apdisk"])
def test_litter(name):
    assert is_litter(name)
    assert may_name_litter(f"{A} 0:5:{name}")


@pytest.mark.parametrize("name", ["cat.jpg", ".hidden", "a._b", "Thumbs.db.txt", "DS_Store", "_", "."])
def test_no_litter(name):
    assert not is_litter(name)


@pytest.mark.parametrize(
    ("full", "clean"),
    [
        (f". {A} {B} 0:5:._a 5:6:b\n", f". {B} 0:6:b\n"),
        (f". {A} 0:5:a\n./._d {B} 0:6:b\n./e {C} 0:7:.DS_Store\n", f". {A} 0:5:a\n./e {EMPTY} 0:0:\\056\n"),
        (f". {A} {B} {C} 0:5:a 5:6:desktop.ini 11:7:z\n", f". {A} {C} 0:5:a 5:7:z\n"),
        (f"./d {A} 0:5:a._b\n", f"./d {A} 0:5:a._b\n"),
        (f". {A} 0:5:Thumbs.db\n", ""),
        ("", ""),
    ],
)
def test_a_manifest_without_litter_is_that_of_a_tree_that_never_had_any(full, clean):
    records = {}
    sealed = seal(load_manifest(full), lambda record: records.setdefault(record.hash, record))
    assert "".join(manifest_text(sealed, without_litter=True)) == clean
    assert "".join(manifest_text(sealed, records.__getitem__, without_litter=True)) == clean
    assert "".join(manifest_text(sealed, records.__getitem__)) == full
