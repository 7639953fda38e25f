"""From manifest text to a collection, and back to the same text."""

import pytest

from davserver.collection import tree
from davserver.collection.change import Mkdir
from davserver.errors import Exists, InvalidName, ManifestError, NotFound, UnknownBlocks, UnknownVersion
from davserver.manifest.pdh import portable_data_hash
from davserver.upkeep.exporting import export
from davserver.upkeep.fsck import fsck
from davserver.upkeep.importing import decode_lines, import_manifest
from davserver.values import EMPTY_BLOCK, Locator


def lines_of(text):
    return text.splitlines(keepends=True)


@pytest.fixture
def foo(premises):
    return premises.blocks.put(b"foo")


@pytest.fixture
def bar(premises):
    return premises.blocks.put(b"bar")


def contents(premises, view):
    return {
        "/".join(path): node.read_at(0, node.size, premises.blocks) if hasattr(node, "extents") else None
        for path, node in tree.walk(view.root)
    }


def test_an_imported_text_is_version_one_and_comes_out_as_it_went_in(premises, foo, bar):
    text = f"./d {foo} {bar} 3:3:b 0:6:both\n. {bar} 0:3:z 1:1:a\n./empty {EMPTY_BLOCK} 0:0:.\n"
    version = import_manifest(premises.house, "photos", lines_of(text))
    assert (version.number, version.files, version.bytes) == (1, 4, 13)
    assert version.pdh == portable_data_hash(text)
    for _ in range(2):
        assert "".join(export(premises.house, "photos")) == text
        assert "".join(export(premises.house, "photos", 1)) == text
        assert contents(premises, premises.house.view("photos")) == {
            "a": b"a",
            "z": b"bar",
            "d": None,
            "d/b": b"bar",
            "d/both": b"foobar",
            "empty": None,
        }
        premises.reopen()
    assert [one.number for one in premises.house.versions("photos")] == [1]
    assert fsck(premises.house).findings == []


def test_after_a_change_the_normal_form_is_exported_and_the_first_text_stays_version_one(premises, foo, bar):
    text = f". {foo} {bar} 3:3:z 0:3:a\n"
    import_manifest(premises.house, "photos", [text])
    premises.change("photos", Mkdir(("new",)))
    assert "".join(export(premises.house, "photos")) == (f". {foo} {bar} 0:3:a 3:3:z\n./new {EMPTY_BLOCK} 0:0:\\056\n")
    assert "".join(export(premises.house, "photos", 1)) == text
    assert fsck(premises.house).findings == []


@pytest.mark.parametrize("text", ["", ". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:a\\040b\n"])
def test_a_text_in_normal_form(premises, foo, text):
    version = import_manifest(premises.house, "photos", lines_of(text))
    assert version.pdh == portable_data_hash(text)
    assert not version.text
    assert "".join(export(premises.house, "photos")) == text


def test_names_with_line_ends_of_unicode_survive(premises, foo):
    text = f"./a {foo} 0:3:x\u2028y\u0085z\n. {foo} 0:3:b\n"
    import_manifest(premises.house, "photos", [text[: text.index("\n") + 1], text[text.index("\n") + 1 :]])
    assert "".join(export(premises.house, "photos")) == text
    assert fsck(premises.house).findings == []


def test_other_processes_see_the_import_at_once(premises, foo):
    other = premises.open()
    with pytest.raises(NotFound):
        other.view("photos")
    import_manifest(premises.house, "photos", [f". {foo} 0:3:a\n"])
    assert [path for path, _ in tree.walk(other.view("photos").root)] == [("a",)]
    other.close()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:a", 1, "line feed"),
        (". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:a\n./b nonsense\n", 2, "locator"),
        (". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:a 0:3:a/b\n", 1, "file"),
    ],
)
def test_a_malformed_text_is_refused_with_line_and_reason(premises, foo, text, line, reason):
    with pytest.raises(ManifestError, match=reason) as caught:
        import_manifest(premises.house, "photos", lines_of(text))
    assert caught.value.line == line
    assert premises.house.collections() == []


def test_missing_blocks_are_refused_and_the_first_ten_named(premises, foo):
    absent = [Locator(f"{number:032x}", 7) for number in range(12)]
    text = f". {foo} {' '.join(map(str, absent))} 0:3:a\n"
    with pytest.raises(UnknownBlocks) as caught:
        import_manifest(premises.house, "photos", [text])
    assert caught.value.count == 12
    assert caught.value.locators == tuple(map(str, absent[:10]))
    assert str(absent[9]) in caught.value.message
    assert "2 more" in caught.value.message
    assert premises.house.collections() == []
    assert import_manifest(premises.house, "photos", [text], check_blocks=False).number == 1


def test_a_block_of_another_size_is_missing(premises, foo):
    with pytest.raises(UnknownBlocks, match="3 bytes"):
        import_manifest(premises.house, "photos", [f". {foo.md5}+4 0:3:a\n"])


def test_a_block_that_is_named_but_in_no_file_must_be_there_too(premises, foo):
    with pytest.raises(UnknownBlocks):
        import_manifest(premises.house, "photos", [f". {foo} {'0' * 32}+1 0:3:a\n"])


def test_a_taken_or_bad_name_is_refused(premises, foo):
    premises.create("photos")
    with pytest.raises(Exists):
        import_manifest(premises.house, "photos", [f". {foo} 0:3:a\n"])
    with pytest.raises(InvalidName):
        import_manifest(premises.house, "a/b", [f". {foo} 0:3:a\n"])
    assert [row.name for row in premises.house.collections()] == ["photos"]


def test_bytes_that_are_no_text_are_refused_with_their_line():
    lines = decode_lines([b". one\n", b"./\xff two\n"])
    assert next(lines) == ". one\n"
    with pytest.raises(ManifestError, match="not UTF-8 at byte 3") as caught:
        next(lines)
    assert caught.value.line == 2


def test_export_commits_first_and_knows_only_versions_that_are(premises):
    premises.create("photos")
    premises.put("photos", "a", b"hello")
    text = "".join(export(premises.house, "photos"))
    assert text.endswith(" 0:5:a\n")
    assert len(premises.house.versions("photos")) == 1
    with pytest.raises(UnknownVersion):
        export(premises.house, "photos", 2)
    with pytest.raises(NotFound):
        export(premises.house, "nothing")
