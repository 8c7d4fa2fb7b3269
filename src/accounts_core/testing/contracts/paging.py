"""Lists that are read page by page, each page from a cursor on."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.store import Reader, UnitOfWork
from accounts_core.testing.builders import (
    NOON,
    a_membership,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    an_interaction,
    an_invitation,
    at,
)
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.idempotency import a_request
from accounts_core.testing.contracts.mail_tokens import a_token
from accounts_core.testing.harness import AnyStore, add, keep, read_back

JANE, MARY = UserId(1), UserId(2)
GUEST: Final = EmailAddress("guest@example.org")
MOMENTS: Final = [at(0), at(0), at(0), at(1), at(1), at(2), at(-1)]
"""Creation time of each entry: with ties, and not in the order of the entries."""


@attrs.frozen
class List:
    """A list with an entry for each number."""

    add: Callable[[UnitOfWork, int, UserId, datetime], Awaitable[object]]
    page: Callable[[Reader, int, Cursor | None], Awaitable[Sequence[Any]]]
    cursor: Callable[[Any], Cursor]
    least_key: str | bytes = ""


def _team(number: int, user_id: UserId) -> int:
    """Return the team of an invitation; each team invites an address once."""
    return 100 * user_id + number + 1


def _by_id(entry: Any) -> Cursor:
    return Cursor(entry.created_at, entry.id)


LISTS: Final = {
    "notifications.list_for_user": List(
        add=lambda work, n, user_id, moment: work.notifications.add(
            a_notification(f"ntf_{user_id}{n}", user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.notifications.list_for_user(JANE, limit=limit, before=before),
        cursor=_by_id,
    ),
    "verifications.list_for_user": List(
        add=lambda work, n, user_id, moment: work.verifications.add(
            a_verification(f"ver_{user_id}{n}", user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.verifications.list_for_user(JANE, limit=limit, before=before),
        cursor=_by_id,
    ),
    "sessions.list_for_user": List(
        add=lambda work, n, user_id, moment: work.sessions.add(
            a_session(f"ses_{user_id}{n}", user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.sessions.list_for_user(JANE, limit=limit, before=before),
        cursor=_by_id,
    ),
    "teams.list_interactions": List(
        add=lambda work, n, user_id, moment: work.teams.add_interaction(
            an_interaction(f"int_{user_id}{n}", 1 if user_id == JANE else 2, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.teams.list_interactions(TeamId(1), limit=limit, before=before),
        cursor=lambda view: _by_id(view.interaction),
    ),
    "teams.list_interactions_by": List(
        add=lambda work, n, user_id, moment: work.teams.add_interaction(
            an_interaction(f"int_{user_id}{n}", author_id=user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.teams.list_interactions_by(JANE, limit=limit, before=before),
        cursor=_by_id,
    ),
    "teams.list_invitations_by": List(
        add=lambda work, n, user_id, moment: work.teams.add_invitation(
            an_invitation(f"inv_{user_id}{n}", invited_by=user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.teams.list_invitations_by(JANE, limit=limit, before=before),
        cursor=_by_id,
    ),
    "teams.list_invitations_to": List(
        add=lambda work, n, user_id, moment: work.teams.add_invitation(
            an_invitation(
                f"inv_{user_id}{n}",
                _team(n, user_id),
                email=GUEST if user_id == JANE else EmailAddress("another@example.org"),
                created_at=moment,
            )
        ),
        page=lambda reader, limit, before: reader.teams.list_invitations_to(GUEST, limit=limit, before=before),
        cursor=lambda view: _by_id(view.invitation),
    ),
    "teams.list_invitations_into": List(
        add=lambda work, n, user_id, moment: work.teams.add_invitation(
            an_invitation(
                f"inv_{user_id}{n}", 1 if user_id == JANE else _team(n, user_id), created_at=moment, sent_at=NOON
            )
        ),
        page=lambda reader, limit, before: reader.teams.list_invitations_into(
            TeamId(1), open_since=at(-1), limit=limit, before=before
        ),
        cursor=lambda view: _by_id(view.invitation),
    ),
    "mail_tokens.list_for_user": List(
        add=lambda work, n, user_id, moment: work.mail_tokens.add(
            a_token(10 * user_id + n, user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.mail_tokens.list_for_user(JANE, limit=limit, before=before),
        cursor=lambda token: Cursor(token.created_at, token.digest.reveal()),
        least_key=b"",
    ),
    "devices.list_for_user": List(
        add=lambda work, n, user_id, moment: work.devices.add(user_id, bytes([n + 1]) * 32, at=moment),
        page=lambda reader, limit, before: reader.devices.list_for_user(JANE, limit=limit, before=before),
        cursor=lambda device: Cursor(device.first_seen_at, device.digest),
        least_key=b"",
    ),
    "idempotency.list_for_user": List(
        add=lambda work, n, user_id, moment: work.idempotency.add(
            a_request(10 * user_id + n, user_id, created_at=moment)
        ),
        page=lambda reader, limit, before: reader.idempotency.list_for_user(JANE, limit=limit, before=before),
        cursor=lambda request: Cursor(request.created_at, request.scope),
        least_key=b"",
    ),
}


@attrs.frozen
class NumberedList:
    """A list of teams or users, by number."""

    begin: Callable[[AnyStore], Awaitable[object]]
    add: Callable[[UnitOfWork, int], Awaitable[object]]
    page: Callable[[Reader, int, int | None], Awaitable[Sequence[Any]]]
    number: Callable[[Any], int]


async def _people(store: AnyStore) -> None:
    await keep(store, a_user(JANE), a_user(MARY), *[a_user(n) for n in range(10, 20)])


async def _team_and_people(store: AnyStore) -> None:
    await _people(store)
    await keep(store, a_team(1, JANE), a_team(2, MARY), a_membership(2, UserId(14)))


NUMBERED: Final = {
    "teams.list_for_user": NumberedList(
        begin=_people,
        add=lambda work, n: add(work, a_team(n, JANE)),
        page=lambda reader, limit, before: reader.teams.list_for_user(
            JANE, limit=limit, before=None if before is None else TeamId(before)
        ),
        number=lambda view: view.team.id,
    ),
    "teams.list_members": NumberedList(
        begin=_team_and_people,
        add=lambda work, n: work.teams.add_member(a_membership(1, n)),
        page=lambda reader, limit, before: reader.teams.list_members(
            TeamId(1), limit=limit, before=None if before is None else UserId(before)
        ),
        number=lambda member: member.person.id,
    ),
}


class PagingContract(StoreContract):
    """Every list that is read from a cursor on."""

    @pytest.fixture(params=LISTS.values(), ids=list(LISTS))
    def listed(self, request: pytest.FixtureRequest) -> List:
        """Return one of the lists."""
        found: List = request.param
        return found

    async def test_pages_follow_each_other_without_a_gap_or_a_repeat(self, store: AnyStore, listed: List) -> None:
        await _populate(store, listed)
        whole = list(await _page(store, listed, 99, None))

        pages = [list(await _page(store, listed, 2, None))]
        while page := await _page(store, listed, 2, listed.cursor(pages[-1][-1])):
            pages.append(list(page))
            assert len(pages) < 9, "the pages never end"

        assert [len(page) for page in pages] == [2, 2, 2, 1]
        assert [entry for page in pages for entry in page] == whole

    async def test_they_come_newest_first_and_ties_by_key_descending(self, store: AnyStore, listed: List) -> None:
        await _populate(store, listed)

        found = [listed.cursor(entry) for entry in await _page(store, listed, 99, None)]

        assert [cursor.created_at for cursor in found] == sorted(MOMENTS, reverse=True)
        assert found == sorted(found, key=lambda cursor: (cursor.created_at, cursor.key), reverse=True)

    async def test_a_cursor_needs_no_entry_to_be_at(self, store: AnyStore, listed: List) -> None:
        """Go on reading a list although the entry at the cursor was removed."""
        await _populate(store, listed)

        found = await _page(store, listed, 99, Cursor(at(1), listed.least_key))

        assert [listed.cursor(entry).created_at for entry in found] == [NOON, NOON, NOON, at(-1)]

    async def test_below_the_last_entry_there_is_none(self, store: AnyStore, listed: List) -> None:
        await _populate(store, listed)

        assert list(await _page(store, listed, 99, Cursor(at(-1), listed.least_key))) == []

    @pytest.fixture(params=NUMBERED.values(), ids=list(NUMBERED))
    def numbered(self, request: pytest.FixtureRequest) -> NumberedList:
        """Return one of the lists by number."""
        found: NumberedList = request.param
        return found

    async def test_a_list_by_number_needs_nothing_to_be_at_the_number_that_it_goes_on_from(
        self, store: AnyStore, numbered: NumberedList
    ) -> None:
        await numbered.begin(store)
        async with store.begin() as work:
            for number in (12, 13, 15, 18):
                await numbered.add(work, number)

        async def below(number: int | None) -> list[int]:
            page = await read_back(store, lambda reader: numbered.page(reader, 2, number))
            return [numbered.number(entry) for entry in page]

        assert [await below(None), await below(15), await below(14), await below(17)] == [
            [18, 15],
            [13, 12],
            [13, 12],
            [15, 13],
        ]
        assert [await below(2**63), await below(-(2**63) - 1)] == [[18, 15], []]


async def _populate(store: AnyStore, listed: List) -> None:
    """Add an entry of Jane for each time, and one of Mary."""
    await keep(store, a_user(JANE), a_user(MARY), a_team(), a_team(2))
    numbers = range(len(MOMENTS))
    await keep(store, *[a_team(_team(n, user_id)) for n in numbers for user_id in (JANE, MARY)])
    async with store.begin() as work:
        for number in numbers:
            await listed.add(work, number, JANE, MOMENTS[number])
        await listed.add(work, 0, MARY, NOON)


async def _page(store: AnyStore, listed: List, limit: int, before: Cursor | None) -> Sequence[Any]:
    return await read_back(store, lambda reader: listed.page(reader, limit, before))
