"""PUT, MKCOL, DELETE, COPY and MOVE against a model of nested dicts: the same answers, the same trees."""

from __future__ import annotations

import itertools
import time
from copy import deepcopy
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davserver.blocks.memory import MemoryStore
from davserver.catalog.database import open_catalog
from davserver.collection.dirnode import DirNode
from davserver.collection.filenode import FileNode
from davserver.dav.app import make_app
from davserver.live.house import House

Tree = dict[str, Any]
PATHS = [path for n in (1, 2, 3) for path in itertools.product("ab", repeat=n)]


class Step(NamedTuple):
    verb: str
    path: tuple[str, ...]
    destination: tuple[str, ...]
    overwrite: bool
    shallow: bool
    body: bytes


steps = st.builds(
    Step,
    st.sampled_from(["PUT", "PUT", "MKCOL", "MKCOL", "DELETE", "COPY", "COPY", "MOVE", "MOVE"]),
    st.sampled_from(PATHS),
    st.sampled_from(PATHS),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
    st.binary(max_size=2),
)


class Model:
    """What a WebDAV server is: nested dicts, files are bytes; the first level holds collections only."""

    def __init__(self) -> None:
        self.root: Tree = {}

    def get(self, path: tuple[str, ...]) -> Any:
        node: Any = self.root
        for name in path:
            if not isinstance(node, dict):
                return None
            node = node.get(name)
        return node

    def do(self, step: Step) -> int:
        """Do it, or not; return the status."""
        here = self.get(step.path)
        if step.verb == "DELETE":
            if here is None:
                return 404
            del self.get(step.path[:-1])[step.path[-1]]
            return 204
        if step.verb in {"PUT", "MKCOL"}:
            return self._make(step, here)
        return self._transfer(step, here)

    def _make(self, step: Step, here: Any) -> int:
        folder = self.get(step.path[:-1])
        if step.verb == "MKCOL" and here is not None:
            return 405
        if len(step.path) == 1 and step.verb == "PUT":
            return 405 if here is not None else 403
        if not isinstance(folder, dict):
            return 409
        if isinstance(here, dict):
            return 405
        folder[step.path[-1]] = step.body if step.verb == "PUT" else {}
        return 201 if here is None else 204

    def _transfer(self, step: Step, here: Any) -> int:
        src, dst, moves = step.path, step.destination, step.verb == "MOVE"
        if here is None:
            return 404
        if moves and step.shallow and isinstance(here, dict):
            return 400
        if (len(dst) == 1 and not isinstance(here, dict)) or src[: len(dst)] == dst:
            return 403
        if moves and dst[: len(src)] == src:
            return 403
        folder = self.get(dst[:-1])
        if not isinstance(folder, dict):
            return 409
        there = folder.get(dst[-1])
        if there is not None and not step.overwrite:
            return 412
        payload = {} if step.shallow and isinstance(here, dict) else deepcopy(here)
        if moves:
            del self.get(src[:-1])[src[-1]]
        folder[dst[-1]] = payload
        return 201 if there is None else 204


class Served:
    """A house behind the WSGI application, blocks in memory."""

    def __init__(self, url: str) -> None:
        self.house = House(open_catalog(url), MemoryStore(clock=time.time))
        self._app = make_app(self.house)

    def do(self, step: Step) -> int:
        body = step.body if step.verb == "PUT" else b""
        environ = {
            "REQUEST_METHOD": step.verb,
            "REQUEST_URI": "/" + "/".join(step.path),
            "PATH_INFO": "/" + "/".join(step.path),
            "HTTP_DESTINATION": "/" + "/".join(step.destination),
            "HTTP_OVERWRITE": "T" if step.overwrite else "F",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        if step.verb in {"COPY", "MOVE"} and step.shallow:
            environ["HTTP_DEPTH"] = "0"
        statuses: list[str] = []
        b"".join(self._app(environ, lambda status, *_: statuses.append(status)))
        return int(statuses[0].split()[0])

    def tree(self) -> Tree:
        return {info.name: self._read(self.house.view(info.name).root) for info in self.house.collections()}

    def _read(self, node: DirNode | FileNode) -> Any:
        if isinstance(node, FileNode):
            return node.read_at(0, node.size, self.house.blocks)
        return {name: self._read(child) for name, child in node.items()}


@pytest.mark.parametrize("commits", [False, True])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_as_the_model_says(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, *, commits: bool) -> None:
    served = Served(f"sqlite:///{tmp_path_factory.mktemp('namespace')}/catalog.db")
    model = Model()
    try:
        for step in data.draw(st.lists(steps, min_size=5, max_size=25)):
            assert (step, served.do(step)) == (step, model.do(step))
            assert served.tree() == model.root
            if commits and "a" in model.root:
                served.house.commit("a")
    finally:
        served.house.close()
