"""Who may look at history and bring things back: every route by every role.

What somebody may not see answers exactly as what does not exist.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from davserver.catalog.model import Right
from davserver.collection.attributes import EMPTY
from davserver.collection.change import Mkdir, Put
from davserver.collection.extents import MemExtent
from davserver.collection.filenode import FileNode
from davserver.dav.paths import version_folder
from tests.support.visitors import STRANGER, visiting

ROLES = {
    STRANGER: Right.NONE,
    "nobody": Right.NONE,
    "parted": Right.NONE,
    "reader": Right.READ,
    "writer": Right.WRITE,
    "manager": Right.MANAGE,
}
"""``parted`` may write what is at one path, and so sees no version at all: those tell of the rest, too."""


class Question(NamedTuple):
    """A request, and the right it takes."""

    need: Right
    method: str
    path: str
    body: object = None


QUESTIONS = [
    Question(Right.READ, "GET", "versions"),
    Question(Right.READ, "GET", "diff?from=1&to=2"),
    Question(Right.READ, "GET", "diff?from=1&to=live"),
    Question(Right.READ, "GET", "diff/text?from=1&to=live&path=d/f"),
    Question(Right.READ, "GET", "history?path=d/f"),
    Question(Right.READ, "GET", "deleted"),
    Question(Right.READ, "GET", "stats"),
    Question(Right.READ, "GET", "retention"),
    Question(Right.MANAGE, "PUT", "retention", {"keep": {"last": 5}}),
    Question(Right.WRITE, "POST", "commit", {"message": "x"}),
    Question(Right.WRITE, "POST", "commit"),
    Question(Right.WRITE, "PATCH", "versions/1", {"label": "one"}),
    Question(Right.MANAGE, "PATCH", "versions/1", {"label": ""}),
    Question(Right.MANAGE, "PATCH", "versions/1", {"kept": False}),
    Question(Right.WRITE, "POST", "restore", {"version": 1}),
    Question(Right.WRITE, "POST", "restore", {"version": 1, "path": "d/f"}),
]


def put(house, path, data):
    node = FileNode((MemExtent(data),), EMPTY).freeze()
    house.edit(lambda edit: edit.apply(edit.view("c").info.id, Put(path, node)))


@pytest.fixture
def visitors(site, stage):
    with visiting(site, stage[0]) as visitors:
        house = site.house
        house.edit(lambda edit: edit.create_collection("c"))
        house.edit(lambda edit: edit.apply(edit.view("c").info.id, Mkdir(("d",))))
        put(house, ("d", "f"), b"first")
        house.commit("c")
        put(house, ("d", "f"), b"second")
        house.commit("c")
        for role, right in ROLES.items():
            if role != STRANGER:
                visitors.account(role)
            if right:
                visitors.grant("c", role, right)
        visitors.grant("c", "parted", Right.WRITE, ("d",))
        yield visitors


def ask(visitors, who, question, name="c"):
    body = None if question.body is None else json.dumps(question.body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    return visitors.send(who, question.method, f"/_/api/collections/{name}/{question.path}", body, headers)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.method} {question.path}")
def test_a_question_takes_its_right(visitors, question):
    for role, right in ROLES.items():
        answer = ask(visitors, role, question)
        if right >= question.need:
            assert answer.status == 200, (role, answer.body)
        elif right is not Right.NONE:
            assert answer.status == 403, (role, answer.body)
        elif role == "parted":
            assert answer.status in {403, 404}, answer.body
            assert b"second" not in answer.body
        else:
            missing = ask(visitors, role, question, name="nothere")
            assert (answer.status, answer.body) == (missing.status, missing.body)
            assert answer.status == (401 if role == STRANGER else 404)


def test_sizes_are_told_of_what_one_sees_all_of(visitors):
    shown = {
        role: [row["name"] for row in json.loads(visitors.send(role, "GET", "/_/api/stats").body)["collections"]]
        for role in ROLES
        if role != STRANGER
    }
    assert shown == {"nobody": [], "parted": [], "reader": ["c"], "writer": ["c"], "manager": ["c"]}
    assert visitors.send(STRANGER, "GET", "/_/api/stats").status == 401


def test_the_trash_is_its_managers(visitors):
    uuid = visitors.house.view("c").info.uuid
    visitors.house.edit(lambda edit: edit.trash_collection(edit.view("c").info.id))
    for role in ROLES:
        listed = visitors.send(role, "GET", "/_/api/trash")
        if role != "manager":
            if role != STRANGER:
                assert json.loads(listed.body) == {"collections": []}
            for method, path in (("DELETE", uuid), ("POST", f"{uuid}/restore")):
                refused = visitors.send(role, method, f"/_/api/trash/{path}")
                other = visitors.send(role, method, f"/_/api/trash/{path.replace(uuid, 'aaaaa-4zz18-' + 'z' * 15)}")
                assert (refused.status, refused.body) == (other.status, other.body)
                assert refused.status in {401, 404}
    assert [row["uuid"] for row in json.loads(listed.body)["collections"]] == [uuid]
    assert visitors.send("manager", "POST", f"/_/api/trash/{uuid}/restore").status == 200
    assert visitors.house.view("c").info.uuid == uuid


def test_a_version_is_copied_over_its_collection_by_who_may_write(visitors):
    version = visitors.house.versions("c")[0]
    first = f"/history/c/{version_folder(version.number, version.created_ns // 10**9)}/"
    for role, status in (("reader", 403), ("parted", 404), ("nobody", 404), (STRANGER, 401), ("writer", 204)):
        assert visitors.send(role, "COPY", first, headers={"Destination": "/c/"}).status == status, role
    assert visitors.send("reader", "GET", "/c/d/f").body == b"first"
