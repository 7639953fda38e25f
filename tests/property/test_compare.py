"""What a comparison tells, done to the old tree, gives the new one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from davserver.collection import tree
from davserver.collection.attributes import Attributes
from davserver.collection.compare import Status, compare
from davserver.collection.dirnode import EMPTY_DIR, DirNode
from davserver.collection.extents import StoredExtent
from davserver.collection.filenode import FileNode
from davserver.collection.marshal import seal
from davserver.values import Locator

NAMES = st.sampled_from(["a", "b", "c", "\u00e9"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
CONTENTS = st.integers(0, 4)
TIMES = st.sampled_from([None, 1, 2])


def file(content, mtime_ns=None):
    extents = (StoredExtent(Locator(f"{content:032x}", 9), 0, content),) if content else ()
    return FileNode(extents, Attributes(etag=str(content), mtime_ns=mtime_ns)).freeze()


def grown(root, steps):
    """Make, move and remove, each where it can be done."""
    for kind, path, other, content, mtime_ns in steps:
        parent = tree.lookup(root, path[:-1])
        if not isinstance(parent, DirNode):
            continue
        if kind == "file":
            root = tree.put(root, path, file(content, mtime_ns))
        elif kind == "folder" and tree.lookup(root, path) is None:
            root = tree.put(root, path, EMPTY_DIR.with_attributes(Attributes(mtime_ns=mtime_ns)))
        elif kind == "remove" and tree.lookup(root, path) is not None:
            root = tree.remove(root, path)
        elif kind == "move":
            node = tree.lookup(root, path)
            if node is None or other[: len(path)] == path or not isinstance(tree.lookup(root, other[:-1]), DirNode):
                continue
            if path[: len(other)] != other:
                root = tree.put(tree.remove(root, path), other, node)
    return root


STEPS = st.lists(
    st.tuples(st.sampled_from(["file", "folder", "remove", "move"]), PATHS, PATHS, CONTENTS, TIMES), max_size=12
)


def done_to(old, told):
    root = old
    for one in told:
        if one.status is Status.REMOVED:
            if tree.lookup(root, one.path) is not None:
                root = tree.remove(root, one.path)
            continue
        new = one.new
        if isinstance(new, DirNode) and one.status is not Status.MOVED:
            there = tree.lookup(root, one.path)
            kept = there if isinstance(there, DirNode) else EMPTY_DIR
            new = kept.with_attributes(new.attributes)
        root = tree.put(root, one.path, new)
        if one.source is not None and tree.lookup(root, one.source) is not None:
            root = tree.remove(root, one.source)
    return root


def described(root):
    shown = [(path, type(node), node.attributes, getattr(node, "size", None)) for path, node in tree.walk(root)]
    return [((), DirNode, root.attributes, None), *shown]


@given(STEPS, STEPS, st.booleans())
@settings(max_examples=300)
def test_what_is_told_leads_from_the_old_tree_to_the_new_one(before, after, sealed):
    old = grown(EMPTY_DIR, before)
    if sealed:
        old = seal(old, lambda _record: None)
    new = grown(old, after)
    if sealed:
        new = seal(new, lambda _record: None)
    told = list(compare(old, new))
    assert described(done_to(old, told)) == described(new)
    assert [one.path for one in told] == sorted({one.path for one in told})


@given(STEPS, STEPS, st.integers(0, 6), st.booleans())
@settings(max_examples=200)
def test_a_reader_can_go_on_after_any_entry(before, after, count, fold):
    old = grown(EMPTY_DIR, before)
    new = grown(old, after)
    told = list(compare(old, new, fold=fold))
    count = min(count, len(told))
    last = told[count - 1].path if count else ()
    rest = list(compare(old, new, fold=fold, after=last)) if last else told
    assert rest == told[count:] or not last
