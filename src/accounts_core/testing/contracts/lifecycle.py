from collections.abc import Awaitable, Callable
from typing import TypeAlias

from accounts_core.errors import AccountsError
from accounts_core.ports.lifecycle import Closes, Migrates
from accounts_core.services.lifecycle import close_parts
from accounts_core.testing.contracts.base import Contract

Use: TypeAlias = Callable[[], Awaitable[object]]


class ClosesContract(Contract):
    """`Closes`. An adapter provides `part`, and `use`, which opens what `part` keeps open."""

    async def test_what_was_closed_is_opened_again_when_it_is_used(self, part: Closes, use: Use) -> None:
        await use()
        await close_parts([part])
        await use()
        await close_parts([part])

    async def test_closing_twice_and_before_any_use_changes_nothing(self, part: Closes, use: Use) -> None:
        await close_parts([part, part])
        await use()
        await close_parts([part, part])


class MigratesContract(Contract):
    """`Migrates`. An adapter provides `unmigrated`, a store over a new database, and `use`, which reads from it."""

    async def test_a_new_database_is_brought_up_to_date(self, unmigrated: Migrates, use: Use) -> None:
        try:
            await use()
        except AccountsError:
            pass
        else:
            raise AssertionError("The database was migrated before.")

        await unmigrated.migrate()

        await use()

    async def test_a_database_that_is_up_to_date_stays_as_it_is(self, unmigrated: Migrates, use: Use) -> None:
        await unmigrated.migrate()
        await unmigrated.migrate()

        await use()
