"""Whatever a name says, in the HTML of the page it is a text and an address, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.collection.names import NameMap
from davserver.dav.space import UrlSpace
from davserver.web.page.asked import Asked
from davserver.web.page.assets import Assets
from davserver.web.page.frame import Frame
from davserver.web.page.listing import Lister

HOSTILE = st.sampled_from(
    ["<", ">", '"', "'", "&", "{{", "}}", "%2e", "\u202e", "&lt;", "<script>", "</body>", "\u2028", "%"]
)
NAMES = st.lists(
    st.one_of(HOSTILE, st.characters(codec="utf-8", exclude_characters="/\0")), min_size=1, max_size=9
).map("".join)
FRAME, LISTER = Frame(UrlSpace(), Assets()), Lister(UrlSpace())


@dataclass(frozen=True)
class Folder:
    """A folder as the URL space shows it."""

    node: DirNode
    segments: tuple[str, ...] = ("c",)
    path: tuple[str, ...] = ()
    collection: None = None
    version: None = None
    seq: int = 1
    is_folder: bool = True
    is_live: bool = False
    hides_litter: bool = False
    born_ns: int = 0
    may_write: bool = False


class Reader(HTMLParser):
    """Counts tags and attributes; collects addresses, and the state."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str] = set()
        self.state = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.add(unquote(value or ""))
            if name == "data-state":
                self.state = value or ""


def read(names: set[str], find: str = "") -> Reader:
    folder = Folder(DirNode.of(NameMap.from_sorted((name, FileNode()) for name in sorted(names))))
    listing = LISTER.listing(folder, Asked(find=find))
    reader = Reader()
    reader.feed(FRAME.folder("", listing, {"listing": LISTER.as_json(None, listing)}).decode())
    return reader


@given(st.sets(NAMES, min_size=1, max_size=4))
def test_names_add_no_tag_and_no_attribute(names: set[str]) -> None:
    names -= {".", ".."}
    page, plain = read(names), read({str(number) for number in range(len(names))})
    assert page.tags == plain.tags
    assert {f"/c/{name}" for name in names} <= page.links
    assert {entry["name"] for entry in json.loads(page.state)["listing"]["entries"]} == names


@given(NAMES)
def test_what_was_looked_for_adds_none_either(find: str) -> None:
    assert read(set(), find).tags == read(set(), "x").tags
