from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import pytest

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId
from accounts_core.ports.owned_data import OwnedData
from accounts_core.testing.builders import a_user
from accounts_core.testing.contracts.base import Contract
from accounts_core.testing.harness import AnyStore, keep

NEWCOMER = UserId(2**31 - 1)


@attrs.frozen
class Host:
    """Access of the suite to a host application's data. `work` is a unit of work of the store."""

    populate: Callable[[Any], Awaitable[UserId]]
    """Adds a user with data of every name that `preview` counts, and data of others; returns the user's id."""
    count: Callable[[Any], Awaitable[Mapping[str, int]]]
    """Counts the data of all users, by the names of the preview."""


class OwnedDataContract(Contract):
    """`OwnedData`: preview and deletion agree. A host application provides `owned_data`, `store` and `host`."""

    async def test_the_preview_finds_what_there_is(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        _, preview = await _populated(owned_data, store, host)

        assert sum(preview.destroyed.values()) + sum(preview.disassociated.values()) > 0
        assert all(count >= 0 for count in (*preview.destroyed.values(), *preview.disassociated.values()))

    async def test_the_preview_changes_nothing(self, owned_data: OwnedData[Any], store: AnyStore, host: Host) -> None:
        user_id, preview = await _populated(owned_data, store, host)
        before = await _count(store, host)

        assert await _preview(owned_data, store, user_id) == preview
        assert await _count(store, host) == before

    async def test_as_much_is_gone_as_the_preview_said_would_be_destroyed_and_no_more(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        user_id, preview = await _populated(owned_data, store, host)
        before = await _count(store, host)

        await _delete(owned_data, store, user_id)

        after = await _count(store, host)
        assert {name: before[name] - after[name] for name in before} == {
            name: preview.destroyed.get(name, 0) for name in before
        }

    async def test_afterwards_nothing_is_left_to_destroy_or_to_disassociate(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        user_id, _ = await _populated(owned_data, store, host)

        await _delete(owned_data, store, user_id)

        preview = await _preview(owned_data, store, user_id)
        assert {*preview.destroyed.values(), *preview.disassociated.values()} <= {0}

    async def test_doing_it_again_changes_nothing(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        user_id, _ = await _populated(owned_data, store, host)
        await _delete(owned_data, store, user_id)
        once = await _count(store, host)

        await _delete(owned_data, store, user_id)

        assert await _count(store, host) == once

    async def test_a_rollback_brings_everything_back(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        user_id, preview = await _populated(owned_data, store, host)
        before = await _count(store, host)

        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                await owned_data.erase(work, user_id)
                await owned_data.disassociate(work, user_id)
                raise ZeroDivisionError

        assert await _preview(owned_data, store, user_id) == preview
        assert await _count(store, host) == before

    async def test_a_user_without_owned_data_loses_nothing(
        self, owned_data: OwnedData[Any], store: AnyStore, host: Host
    ) -> None:
        await _populated(owned_data, store, host)
        await keep(store, a_user(NEWCOMER))
        before = await _count(store, host)

        preview = await _preview(owned_data, store, NEWCOMER)
        await _delete(owned_data, store, NEWCOMER)

        assert {*preview.destroyed.values(), *preview.disassociated.values()} <= {0}
        assert preview.blocked_by == ()
        assert await _count(store, host) == before


async def _populated(owned_data: OwnedData[Any], store: AnyStore, host: Host) -> tuple[UserId, DeletionPreview]:
    async with store.begin() as work:
        user_id = await host.populate(work)
    return user_id, await _preview(owned_data, store, user_id)


async def _preview(owned_data: OwnedData[Any], store: AnyStore, user_id: UserId) -> DeletionPreview:
    async with store.begin() as work:
        return await owned_data.preview(work, user_id)


async def _count(store: AnyStore, host: Host) -> Mapping[str, int]:
    async with store.begin() as work:
        return await host.count(work)


async def _delete(owned_data: OwnedData[Any], store: AnyStore, user_id: UserId) -> None:
    async with store.begin() as work:
        await owned_data.erase(work, user_id)
        await owned_data.disassociate(work, user_id)
