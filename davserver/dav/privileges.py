"""What the maker of a request may do with a resource: ``DAV:current-user-privilege-set``.

Owns: from rights to the privileges of RFC 3744.
Never: decides: verbs are refused where they look and change (``access.guarded_house``).
Follows: RFC 3744 sections 3 and 5.4. Clients (KDE, iOS, Thunderbird) read it to show what cannot be changed as such.
"""

from __future__ import annotations

from davserver.access.guarded_house import GuardedHouse
from davserver.catalog.model import Right
from davserver.dav.resources import Place, Resource
from davserver.live.house import House

READ = ("read", "read-current-user-privilege-set")
WRITE = (*READ, "write", "write-content", "write-properties", "bind", "unbind", "unlock")
ROOT = (*READ, "bind", "unbind")


def privileges(resource: Resource, house: House) -> tuple[str, ...]:
    """List the privileges on something that they can see."""
    if resource.place is Place.FROZEN or (resource.place is Place.SPACE and resource.segments):
        return READ
    if not isinstance(house, GuardedHouse):
        return ROOT if resource.place is Place.SPACE else WRITE
    if resource.collection is None:
        principal = house.rights.principal
        return ROOT if not principal.is_anonymous and principal.may_write else READ
    return WRITE if house.rights.level_at(resource.collection.id, resource.path) >= Right.WRITE else READ


def privilege_set(resource: Resource, house: House) -> str:
    """Write the property."""
    content = "".join(f"<D:privilege><D:{name}/></D:privilege>" for name in privileges(resource, house))
    return f"<D:current-user-privilege-set>{content}</D:current-user-privilege-set>"
