"""The memory that hashes work in, which is the adapter's own: the library's callbacks lend it and take it back."""

import pytest
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from accounts_argon2 import Cost
from accounts_argon2.workspace import Workspace, Workspaces

SECRET, SALT = b"correct horse battery staple", b"somesaltsomesalt"
COSTS = [Cost(memory_kib=8, passes=1), Cost(memory_kib=64, passes=3), Cost(memory_kib=100, passes=2, lanes=4)]


def tag(on: Workspace | Workspaces, cost: Cost, type: Type = Type.ID, version: int = 19) -> bytes:
    return on.tag(secret=SECRET, salt=SALT, cost=cost, type=type, version=version, length=32)


@pytest.mark.parametrize("cost", COSTS, ids=str)
@pytest.mark.parametrize("type", Type)
@pytest.mark.parametrize("version", [16, 19])
def test_a_tag_is_what_the_library_makes_of_it_in_memory_of_its_own(cost: Cost, type: Type, version: int) -> None:
    theirs = hash_secret_raw(SECRET, SALT, cost.passes, cost.memory_kib, cost.lanes, 32, type, version)

    assert tag(Workspace(cost.memory_kib), cost, type, version) == theirs


def test_a_workspace_that_was_worked_in_makes_the_same_tags_as_a_new_one() -> None:
    used = Workspace(128)
    for cost in COSTS * 2:
        assert tag(used, cost) == tag(Workspace(128), cost)


def test_a_workspace_that_is_too_small_is_refused_by_the_library() -> None:
    with pytest.raises(HashingError):
        tag(Workspace(8), Cost(memory_kib=64, passes=1))


def test_what_is_kept_is_worked_in_again() -> None:
    workspaces = Workspaces(64, kept=1)

    tag(workspaces, COSTS[1])
    (kept,) = workspaces._idle
    tag(workspaces, COSTS[0])

    assert workspaces._idle == [kept]


def test_no_more_is_kept_than_was_asked_for() -> None:
    workspaces = Workspaces(64, kept=2)
    taken = [workspaces._take(64) for _ in range(5)]

    for workspace in taken:
        workspaces._give_back(workspace)

    assert workspaces._idle == taken[:2]


def test_what_a_stored_hash_of_a_higher_cost_needed_is_not_kept() -> None:
    workspaces = Workspaces(64, kept=2)

    tag(workspaces, Cost(memory_kib=1024, passes=1))

    assert workspaces._idle == []
