"""The tree as WsgiDAV sees it: a provider, folders and files.

Owns: the adapters. They are thin: each holds the resource that ``dav.resources`` found.
Never: a change or a stream: davserver's own verbs serve every request, through ``custom_request_handler``, the door
WsgiDAV leaves open for that. The adapters are for what else speaks WsgiDAV's interface (its middleware, extensions).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from wsgidav.dav_provider import DAVCollection, DAVNonCollection, DAVProvider

from davserver.access.door import HOUSE_KEY
from davserver.archive.known import KnownPlans
from davserver.collection.filenode import FileNode, etag_of
from davserver.dav import mediatypes
from davserver.dav.paths import target_of
from davserver.dav.reprdigest import ReprDigests
from davserver.dav.representation import Representations
from davserver.dav.requests import Memory, build_request
from davserver.dav.resources import Resource, created_s, find, members
from davserver.dav.responses import Response
from davserver.dav.smallfiles import SmallFiles
from davserver.dav.status import LINES
from davserver.dav.verbs import serve
from davserver.dav.writtenleaves import WrittenLeaves
from davserver.errors import NotFound
from davserver.live.house import House

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class HouseProvider(DAVProvider):  # type: ignore[misc]  # wsgidav has no types
    """All collections of a house, as the one provider of the application (share ``/``)."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        leaves = WrittenLeaves(house.settings.listing_bytes)
        self._memory = Memory(ReprDigests(), leaves, Representations(), SmallFiles(), KnownPlans())

    def get_resource_inst(self, path: str, environ: Environ) -> Folder | File | None:
        """Return the adapter of a decoded path, None if nothing is there."""
        segments = tuple(name for name in path.split("/") if name)
        try:
            resource = find(environ.get(HOUSE_KEY, self.house), target_of(segments))
        except NotFound:
            return None
        return adapter(path, environ, resource)

    def custom_request_handler(
        self, environ: Environ, start_response: StartResponse, _default_handler: object
    ) -> Iterable[bytes]:
        """Serve a request with davserver's own verbs; WsgiDAV's default handler is never called."""
        request = build_request(environ, now_s=self.house.clock(), memory=self._memory)
        return send(serve(request, environ.get(HOUSE_KEY, self.house)), start_response)


def send(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Hand a response to the server."""
    start_response(LINES[response.status], response.finished_headers())
    body = response.body
    return (body,) if isinstance(body, bytes) else body


class Folder(DAVCollection):  # type: ignore[misc]
    """A folder: of a tree, or of the URL space."""

    def __init__(self, path: str, environ: Environ, resource: Resource) -> None:
        super().__init__(path, environ)
        self.resource = resource

    def get_member_names(self) -> list[str]:
        """List the names of its members."""
        house = self.environ.get(HOUSE_KEY, self.provider.house)
        return [member.segments[-1] for member in members(house, self.resource)]

    def get_creation_date(self) -> float:
        """Return seconds since the epoch."""
        return created_s(self.resource.node, self.resource.born_ns)

    def get_last_modified(self) -> float:
        """Return seconds since the epoch."""
        return self.resource.modified_s


class File(DAVNonCollection):  # type: ignore[misc]
    """A file."""

    def __init__(self, path: str, environ: Environ, resource: Resource, node: FileNode) -> None:
        super().__init__(path, environ)
        self.resource = resource
        self.node = node

    def get_content_length(self) -> int:
        """Return its size in bytes."""
        return self.node.size

    def get_content_type(self) -> str:
        """Return what it was declared as, else what its name says."""
        return mediatypes.type_of(self.name, self.node)

    def get_creation_date(self) -> float:
        """Return seconds since the epoch."""
        return created_s(self.node, self.resource.born_ns)

    def get_last_modified(self) -> float:
        """Return seconds since the epoch."""
        return self.resource.modified_s

    def support_etag(self) -> bool:
        """Tell that it has an ETag."""
        return True

    def get_etag(self) -> str:
        """Return the strong ETag, unquoted."""
        return etag_of(self.node)

    def support_ranges(self) -> bool:
        """Tell that parts of it can be read."""
        return True

    def get_content(self) -> BytesIO:
        """Return all of its bytes: for small files only; GET does not come here."""
        return BytesIO(self.node.read_at(0, self.node.size, self.provider.house.blocks))


def adapter(path: str, environ: Environ, resource: Resource) -> Folder | File:
    """Wrap a resource."""
    if isinstance(resource.node, FileNode):
        return File(path, environ, resource, resource.node)
    return Folder(path, environ, resource)
