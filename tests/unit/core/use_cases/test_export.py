"""A4: an export is read page by page, and one page of it is in memory."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import NOBODY, Core, Environment

from accounts_core import BlockingAccounts, MailDispatch
from accounts_core.errors import NotFound, Unavailable
from accounts_core.model import User
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId
from accounts_core.ports.owned_data import Pages
from accounts_core.ports.store import Reader
from accounts_core.services.export import ExportPart, ExportWriter, put_together
from accounts_core.services.owned_data import PAGE, PAGE_OF_LONG_TEXTS
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON, a_notification, a_team, an_interaction, an_invitation, at
from accounts_core.testing.harness import keep
from accounts_memory import MemoryStore, MemoryUnitOfWork
from accounts_memory.store import MemoryReader


class CountedStore(MemoryStore):
    """Counts what is open, and how often it was read; may fail at one of its reads."""

    reads = open_reads = 0
    fail_at: int | None = None

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[MemoryReader]:
        self.reads += 1
        if self.reads == self.fail_at:
            raise Unavailable("The database is away.")
        self.open_reads += 1
        try:
            async with super().reader() as reader:
                yield reader
        finally:
            self.open_reads -= 1


@attrs.frozen
class Shelf:
    """A host's own data: a long list, a short one, and one that hides nothing of the core's."""

    books: int

    async def preview(self, work: MemoryUnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview()

    async def export(self, work: MemoryUnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        return {
            "shelf": {"colour": "red", "books": Pages(self.page), "lent": []},
            "empty": {},
            "user": "the host's own",
            "notifications": ["the host's own"],
        }

    async def page(self, reader: Reader, last: int | None) -> Sequence[int]:
        first = 0 if last is None else last + 1
        return range(first, min(first + 2, self.books))

    async def erase(self, work: MemoryUnitOfWork, user_id: UserId) -> None: ...

    async def disassociate(self, work: MemoryUnitOfWork, user_id: UserId) -> None: ...


def over(env: Environment, store: MemoryStore, *shelves: Shelf) -> Core:
    return BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=store,
        payments=env.gateway,
        passwords=env.hasher,
        mailer=env.mailer,
        clock=env.clock,
        secrets=env.secrets,
        owned_data=shelves,
    )


def with_much(env: Environment, store: MemoryStore, *shelves: Shelf) -> tuple[Core, User]:
    """Return accounts in which Jane has more of some things than a page."""
    accounts = over(env, store, *shelves)
    jane = accounts.register(email="jane@example.org", password="correct horse battery staple", name="Jane")
    written = [an_interaction(f"int_{n:03}", author_id=jane.id) for n in range(PAGE_OF_LONG_TEXTS * 3 + 1)]
    notifications = [a_notification(f"ntf_{n:03}", jane.id, created_at=at(n % 7)) for n in range(PAGE * 2)]
    run_sync(keep(store, a_team(1, jane.id), an_invitation(invited_by=jane.id), *written, *notifications))
    return accounts, jane


def test_a_page_is_read_when_it_is_asked_for_and_not_before(env: Environment) -> None:
    store = CountedStore()
    accounts, jane = with_much(env, store)

    parts = accounts.stream_personal_data(jane.id)

    read_at_parts = [store.reads for part in parts if part.is_page]
    assert read_at_parts[0] == 0  # the name of the first list
    assert all(later - earlier <= 2 for earlier, later in pairwise(read_at_parts))


def test_no_part_has_more_than_a_page_and_no_read_is_open_between_them(env: Environment) -> None:
    store = CountedStore()
    accounts, jane = with_much(env, store)

    for part in accounts.stream_personal_data(jane.id):
        assert store.open_reads == 0
        if part.is_page:
            assert len(part.value) <= (PAGE_OF_LONG_TEXTS if part.path == ("interactions",) else PAGE)


def test_what_is_removed_while_it_is_read_ends_no_list_and_doubles_nothing(env: Environment) -> None:
    store = MemoryStore()
    accounts, jane = with_much(env, store)
    found: list[str] = []

    for part in accounts.stream_personal_data(jane.id):
        if part.path == ("interactions",):
            found += [entry["id"] for entry in part.value]
            if len(found) == PAGE_OF_LONG_TEXTS:
                run_sync(_remove_interaction(store, found[-1]))
                run_sync(keep(store, an_interaction("int_new", author_id=jane.id, created_at=at(60))))

    assert found == [f"int_{n:03}" for n in reversed(range(PAGE_OF_LONG_TEXTS * 3 + 1))]


async def _remove_interaction(store: MemoryStore, id: str) -> None:
    async with store.begin() as work:
        interactions = work._workspace.interactions
        found = interactions.get(id)
        assert found is not None
        interactions.drop(found)


def test_written_as_json_it_is_what_the_mapping_says_in_the_same_order(env: Environment) -> None:
    accounts, jane = with_much(env, MemoryStore(), Shelf(5))
    writer = ExportWriter()

    text = b"".join([*map(writer.write, accounts.stream_personal_data(jane.id)), writer.end()])

    exported = accounts.export_personal_data(jane.id)
    assert json.loads(text) == exported
    assert list(json.loads(text)) == list(exported)
    assert text == json.dumps(exported, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_hosts_own_lists_may_come_page_by_page_too(env: Environment) -> None:
    accounts, jane = with_much(env, MemoryStore(), Shelf(5))

    pages = [part.value for part in accounts.stream_personal_data(jane.id) if part.path == ("shelf", "books")]

    assert pages == [[], [0, 1], [2, 3], [4]]
    exported = accounts.export_personal_data(jane.id)
    assert exported["shelf"] == {"colour": "red", "books": [0, 1, 2, 3, 4], "lent": []}
    assert exported["empty"] == {}


def test_a_hosts_name_hides_nothing_of_the_cores(env: Environment) -> None:
    accounts, jane = with_much(env, MemoryStore(), Shelf(0))

    exported = accounts.export_personal_data(jane.id)

    assert exported["user"]["email"] == "jane@example.org"
    assert len(exported["notifications"]) == PAGE * 2


def test_that_there_is_nobody_is_said_before_the_first_part(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.stream_personal_data(NOBODY)


def test_what_goes_wrong_in_the_middle_is_raised_and_the_text_is_no_json(env: Environment) -> None:
    store = CountedStore()
    accounts, jane = with_much(env, store)
    store.fail_at = 4
    writer = ExportWriter()
    text: list[bytes] = []

    with pytest.raises(Unavailable):
        text.extend(map(writer.write, accounts.stream_personal_data(jane.id)))

    assert text
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(text))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": 1},
        {"a": {}},
        {"a": [1, 2], "b": []},
        {"a": {"b": {"c": [1]}, "d": [2]}, "e": {"b": [3]}},
        {'ä"': "€\n", "x": {"y": None}},
    ],
)
def test_any_document_comes_out_as_it_was(document: dict[str, Any]) -> None:
    parts = list(_parts(document, ()))
    writer = ExportWriter()

    text = b"".join([*map(writer.write, parts), writer.end()])

    again: dict[str, Any] = {}
    for part in parts:
        put_together(again, part)
    assert json.loads(text) == again == document


def _parts(value: Mapping[str, Any], above: tuple[str, ...]) -> list[ExportPart]:
    """Make a part of each entry of a list."""
    found = []
    for name, each in value.items():
        path = (*above, name)
        match each:
            case list():
                found += [ExportPart(path, page, is_page=True) for page in ([], *([entry] for entry in each), [])]
            case dict() if each:
                found += _parts(each, path)
            case _:
                found.append(ExportPart(path, each))
    return found


def test_times_and_secrets_are_as_in_every_export(env: Environment) -> None:
    accounts, jane = with_much(env, MemoryStore())
    accounts.sign_in(email="jane@example.org", password="correct horse battery staple", user_agent="curl/8")

    exported = accounts.export_personal_data(jane.id)

    assert exported["devices"] == [{"first_seen_at": NOON.isoformat()}]
    assert "digest" not in json.dumps(exported)
