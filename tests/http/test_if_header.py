"""The If header and shared locks (RFC 4918 sections 6.2, 7.5, 10.4; RFC 6578 section 5)."""

from __future__ import annotations

import pytest

from tests.support.site import DAV

PROP = '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/></D:prop></D:propfind>'


def lockinfo(scope):
    scope, kind = f"<lockscope><{scope}/></lockscope>", "<locktype><write/></locktype>"
    return f'<lockinfo xmlns="DAV:">{scope}{kind}</lockinfo>'.encode()


def lock(dav, path, scope="exclusive"):
    return dav.expect(200, "LOCK", path, lockinfo(scope)).headers["Lock-Token"]


@pytest.fixture
def tree(dav):
    dav.expect(201, "MKCOL", "/c/folder/")
    for name in ("f", "g", "folder/f"):
        dav.expect(201, "PUT", f"/c/{name}", b"1")
    return dav


def test_a_tag_may_be_a_path_or_a_url_of_any_scheme(tree):
    token = lock(tree, "/c/f").strip("<>")
    host = f"{tree.host}:{tree.port}"
    for tag in ("/c/f", f"http://{host}/c/f", f"https://{host}/c/f", "/c/%66"):
        tree.expect(204, "PUT", "/c/f", b"2", If=f"<{tag}> (<{token}>)")


def test_a_tag_of_another_resource_says_nothing_of_this_one(tree):
    token = lock(tree, "/c/f").strip("<>")
    for tag in ("/c/g", "http://elsewhere.example/c/f", "/none/f", "/history/c/"):
        tree.expect(412, "PUT", "/c/f", b"2", If=f"<{tag}> (<{token}>)")
    tree.expect(204, "PUT", "/c/g", b"2", If=f"</c/f> (<{token}>)")


def test_a_list_is_all_lists_are_any_and_not_is_not(tree):
    etag = tree.expect(200, "GET", "/c/g").headers["ETag"]
    for condition, status in (
        (f"([{etag}])", 204),
        ('(["other"])', 412),
        ('(Not ["other"])', 204),
        (f'(["other"]) (Not ["other"] [{tree.expect(200, "GET", "/c/f").headers["ETag"]}])', 204),
        ("(Not <DAV:no-lock>)", 204),
        ("(<DAV:no-lock>)", 412),
        (f'</c/g> (["other"]) </c/f> ([{etag}])', 204),
    ):
        tree.expect(204, "PUT", "/c/f", b"1")
        tree.expect(204, "PUT", "/c/g", b"1")
        tree.expect(status, "PUT", "/c/g", b"1", If=condition)


def test_shared_locks_stand_beside_each_other_and_keep_an_exclusive_one_out(tree):
    one, other = lock(tree, "/c/f", "shared"), lock(tree, "/c/f", "shared")
    assert one != other
    tree.expect(423, "LOCK", "/c/f", lockinfo("exclusive"))
    tree.expect(423, "PUT", "/c/f", b"2")
    for token in (one, other):
        tree.expect(204, "PUT", "/c/f", b"2", If=f"({token})")
    tree.expect(204, "UNLOCK", "/c/f", Lock_Token=one)
    tree.expect(423, "PUT", "/c/f", b"3")
    tree.expect(204, "UNLOCK", "/c/f", Lock_Token=other)
    tree.expect(204, "PUT", "/c/f", b"3")


def test_a_moved_resource_leaves_its_lock_behind(tree):
    token = lock(tree, "/c/f")
    tree.expect(201, "MOVE", "/c/f", Destination="/c/moved", If=f"({token})")
    tree.expect(204, "PUT", "/c/moved", b"2")
    assert tree.propfind("/c/moved", "0")["/c/moved"][DAV + "lockdiscovery"].find(DAV + "activelock") is None


def test_a_sync_token_is_the_state_of_a_folder(tree):
    """A client can ask that nothing at all has changed in a folder since it looked."""
    token = tree.propfind("/c/folder/", "0", PROP)["/c/folder/"][DAV + "sync-token"].text
    tree.expect(204, "PUT", "/c/folder/f", b"2", If=f"</c/folder/> (<{token}>)")
    tree.expect(412, "PUT", "/c/folder/f", b"3", If=f"</c/folder/> (<{token}>)")
    assert tree.expect(200, "GET", "/c/folder/f").body == b"2"
