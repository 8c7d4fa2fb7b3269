"""Every password that is hashed is worked on for the account and the client that caused it, so that turns are fair."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, cast

import attrs
import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core.errors import EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.mailer import MailKind
from accounts_memory import PlainHasher

CLIENT = "192.0.2.7"
JANE, NEW = "jane@example.org", "new@example.org"


class Attributing:
    """A hasher that remembers for whom it worked; what it stores is always out of date."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self) -> None:
        self.plain = PlainHasher()
        self.requesters: list[Requester | None] = []

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        self.requesters.append(requester)
        return await self.plain.hash(password)

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        self.requesters.append(requester)
        return await self.plain.verify(hash, password)

    def needs_rehash(self, hash: PasswordHash) -> bool:
        return True


def accounts_on(env: Environment, hasher: Attributing) -> Core:
    return attrs.evolve(env, hasher=cast("PlainHasher", hasher)).accounts()


def token(env: Environment, accounts: Core, purpose: MailKind = MailKind.VERIFY_EMAIL) -> str:
    accounts.run_due()
    return [notice.values["token"] for notice in env.mailer.delivered if notice.kind is purpose][-1]


def reset(env: Environment, accounts: Core) -> None:
    accounts.forgot_password(email=JANE)
    accounts.reset_password(token=token(env, accounts, MailKind.RESET_PASSWORD), password=OTHER_PASSWORD, client=CLIENT)


def confirm(env: Environment, accounts: Core, password: str) -> None:
    accounts.verify_email(token=token(env, accounts), password=password, client=CLIENT)


def change(env: Environment, accounts: Core) -> None:
    accounts.update_profile(
        accounts.find_user(JANE).id, new_password=OTHER_PASSWORD, current_password=PASSWORD, client=CLIENT
    )


def end(env: Environment, accounts: Core) -> None:
    (session,) = accounts.list_sessions(accounts.find_user(JANE).id)
    accounts.end_sessions(session, current_password=PASSWORD, client=CLIENT)


CALLS: Mapping[str, tuple[int, str, Callable[[Environment, Core], object]]] = {
    "register": (1, NEW, lambda _, a: a.register(email=NEW, password=PASSWORD, name="J", client=CLIENT)),
    "request": (1, NEW, lambda _, a: a.request_account(email=NEW, password=PASSWORD, name="J", client=CLIENT)),
    "sign in": (2, JANE, lambda _, a: a.sign_in(email=JANE, password=PASSWORD, client=CLIENT)),
    "restore": (2, JANE, lambda _, a: a.restore(email=JANE, password=PASSWORD, client=CLIENT)),
    "reset": (1, JANE, reset),
    "confirm": (1, JANE, lambda w, a: confirm(w, a, PASSWORD)),
    "change": (2, JANE, change),
    "end sessions": (1, JANE, end),
    "delete": (1, JANE, lambda _, a: a.delete_user(a.find_user(JANE).id, password=PASSWORD, client=CLIENT)),
}
"""How many hashes a call costs, and for whose address they are."""


@pytest.mark.parametrize("name", CALLS)
def test_a_hash_is_the_accounts_and_the_clients_who_caused_it(env: Environment, name: str) -> None:
    count, email, call = CALLS[name]
    hasher = Attributing()
    accounts = accounts_on(env, hasher)
    accounts.register(email=JANE, password=PASSWORD, name="Jane Doe")
    accounts.sign_in(email=JANE, password=PASSWORD)
    hasher.requesters.clear()

    call(env, accounts)

    assert hasher.requesters == [Requester.of(EmailAddress(email), CLIENT)] * count


def test_both_passwords_that_come_into_question_for_a_link_are_hashed_for_its_account(env: Environment) -> None:
    hasher = Attributing()
    accounts = accounts_on(env, hasher)
    accounts.register(email=JANE, password=PASSWORD, name="Jane Doe")
    accounts.run_due()
    with pytest.raises(EmailTaken):
        accounts.register(email=JANE, password=OTHER_PASSWORD, name="Jane Doe")
    link = token(env, accounts)
    hasher.requesters.clear()

    accounts.verify_email(token=link, password=OTHER_PASSWORD, client=CLIENT)

    assert hasher.requesters == [Requester.of(EmailAddress(JANE), CLIENT)] * 2
