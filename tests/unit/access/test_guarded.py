"""The guarded house decides upon everything a request can reach, or does not have it."""

import inspect

import pytest

from davserver.access.guarded_edit import GuardedEdit
from davserver.access.guarded_house import GuardedHouse
from davserver.live.edit import Edit
from davserver.live.house import House

NOT_FOR_REQUESTS = {
    House: {"read_catalog", "directories", "register", "start", "hurry", "trouble", "troubles", "close"}
    | {"access_changes"},
    Edit: {"version", "tail", "access", "add_records", "add_trail", "add_text", "checkpoint", "owned", "set_owner"}
    | {"links"}
    | {"rebase", "refuse_growth", "tables", "trim", "replace_blocks", "row"},
}
"""What serves the rest of the process: it fails on the guarded ones, which have nothing for it to work on."""


@pytest.mark.parametrize(("guarded", "plain"), [(GuardedHouse, House), (GuardedEdit, Edit)])
def test_every_way_in_is_decided_upon(guarded, plain):
    offered = {name for name, member in vars(plain).items() if not name.startswith("_") and _is_way_in(member)}
    decided = {name for name in offered if name in vars(guarded)}
    assert offered - decided == NOT_FOR_REQUESTS[plain], "give the new one a right in the guarded class"


@pytest.mark.parametrize("name", sorted(NOT_FOR_REQUESTS[Edit]))
def test_what_is_not_decided_upon_does_not_work(name):
    class _Inner:
        now_ns = 0

    edit = GuardedEdit(_Inner(), rights=None)
    method = getattr(edit, name)
    wanted = [each for each in inspect.signature(method).parameters.values() if each.default is each.empty]
    keywords = {each.name: None for each in wanted}
    with pytest.raises(AttributeError):
        method(**keywords)


def _is_way_in(member):
    return inspect.isfunction(member) or isinstance(member, property)
