"""F1: whatever a store answers, nobody is let in as somebody else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import BlockingAccounts, MailDispatch
from accounts_core.errors import AnswerMismatch, Unavailable
from accounts_core.model import Session, User
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import TokenDigest
from accounts_core.testing.builders import a_card
from accounts_memory import MemoryStore

Found = tuple[Session, User, Cards]
MixUp = Callable[[Found, Found], Found]


class MixedUpSessions:
    """Answers as a connection does that somebody else is using, too."""

    def __init__(self, right: Any, mix_up: Callable[[Found], Found]) -> None:
        self._right = right
        self._mix_up = mix_up

    async def resolve(self, digest: TokenDigest) -> tuple[Session, User] | None:
        found = await self.resolve_with_cards(digest)
        return None if found is None else found[:2]

    async def resolve_with_cards(self, digest: TokenDigest) -> Found | None:
        found: Found | None = await self._right.resolve_with_cards(digest)
        return None if found is None else self._mix_up(found)


@attrs.define
class MixedUpReader:
    sessions: MixedUpSessions


class MixedUpStore(MemoryStore):
    """A store whose lone reads of sessions go wrong as it is told."""

    mix_up: Callable[[Found], Found] | None = None

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Any]:
        async with super().reader() as reader:
            yield reader if self.mix_up is None else MixedUpReader(MixedUpSessions(reader.sessions, self.mix_up))


def somebody_elses_answer(_: Found, others: Found) -> Found:
    return others


def somebody_elses_user(mine: Found, others: Found) -> Found:
    return mine[0], others[1], mine[2]


def somebody_elses_session(mine: Found, others: Found) -> Found:
    return others[0], mine[1], mine[2]


def a_digest_that_differs_at_the_end(mine: Found, others: Found) -> Found:
    digest = mine[0].digest.reveal()
    other = TokenDigest(digest[:-1] + bytes([digest[-1] ^ 1]))
    return attrs.evolve(mine[0], digest=other), mine[1], mine[2]


@pytest.fixture
def mixed_up(env: Environment) -> MixedUpStore:
    return MixedUpStore()


@pytest.fixture
def accounts(env: Environment, mixed_up: MixedUpStore) -> Core:
    return BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=mixed_up,
        payments=env.gateway,
        passwords=env.hasher,
        mailer=env.mailer,
        clock=env.clock,
        secrets=env.secrets,
    )


def signed_in(accounts: Core, email: str) -> tuple[str, Found]:
    user = accounts.register(email=email, password=PASSWORD, name="Jane Doe")
    signed_in = accounts.sign_in(email=email, password=PASSWORD)
    return str(signed_in.token), (signed_in.session, user, Cards())


@pytest.mark.parametrize(
    "mix_up",
    [somebody_elses_answer, somebody_elses_user, somebody_elses_session, a_digest_that_differs_at_the_end],
)
def test_f1_a_mixed_up_answer_is_an_error_and_never_a_person(
    accounts: Core, mixed_up: MixedUpStore, mix_up: MixUp
) -> None:
    token, _ = signed_in(accounts, "jane@example.org")
    _, others = signed_in(accounts, "john@example.org")
    mixed_up.mix_up = lambda mine: mix_up(mine, others)

    with pytest.raises(AnswerMismatch) as caught:
        accounts.authenticate(token)
    with pytest.raises(AnswerMismatch):
        accounts.authenticate_with_payment_methods(token)

    assert isinstance(caught.value, Unavailable)
    assert "john" not in str(caught.value)


def test_f1_cards_of_somebody_else_are_an_error(accounts: Core, mixed_up: MixedUpStore) -> None:
    token, _ = signed_in(accounts, "jane@example.org")
    mixed_up.mix_up = lambda mine: (mine[0], mine[1], Cards([a_card("pm_1", mine[1].id + 1)]))

    with pytest.raises(AnswerMismatch):
        accounts.authenticate_with_payment_methods(token)


def test_f1_a_right_answer_is_let_in(accounts: Core, mixed_up: MixedUpStore) -> None:
    token, mine = signed_in(accounts, "jane@example.org")
    mixed_up.mix_up = lambda found: found

    assert accounts.authenticate(token).user.id == mine[1].id
    assert accounts.authenticate_with_payment_methods(token)[0].user.id == mine[1].id
