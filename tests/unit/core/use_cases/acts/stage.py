"""The environment before something happens, and the form of a row of the tables beside this module."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy, ProfileType, run_sync
from accounts_core.errors import CardDeclined, EmailTaken
from accounts_core.model import EmailChange, TeamId, User
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.ports.mailer import MailKind

USER, OPERATOR, PROVIDER = Actor.USER, Actor.OPERATOR, Actor.PROVIDER
LATER = "2026-03-01T12:05:00.123456+00:00"
"""When each act happens."""
OLD, NEW, JOHN = "jane@example.org", "new@example.org", "john@example.org"
LINK = {"name": "Jane Doe", "token": "<token>", "minutes": "1440"}
VISA = {"brand": "visa", "last4": "4242"}

Trail = Sequence[tuple[Actor, str, Mapping[str, object]]]
Mails = Sequence[tuple[MailKind, str, Mapping[str, str]]]


@attrs.frozen
class Stage:
    """The environment before an act: Jane, verified unless the row says otherwise, and John, verified."""

    env: Environment
    accounts: Core
    jane: User
    john: User
    token: str

    @property
    def team(self) -> TeamId:
        return self.accounts.list_teams(self.jane.id)[0].team.id

    def card(self) -> str:
        (card,) = self.accounts.list_payment_methods(self.jane.id)
        return card.id

    def customer(self) -> str:
        customer_id = self.accounts.profile(self.jane.id).customer_id
        assert customer_id is not None
        return customer_id

    def verify(self, card: str = "pm_card_visa") -> None:
        with suppress(CardDeclined):
            self.accounts.verify_card(self.jane.id, payment_method=card)

    def invitation(self, user: User) -> str:
        return self.accounts.list_invitations(user.id)[0].invitation.id

    def last_token(self) -> str:
        return next(n.values["token"] for n in reversed(self.env.mailer.delivered) if "token" in n.values)

    def invite(self, email: str = JOHN) -> None:
        self.accounts.create_team(self.jane.id, name="Bookshop")
        self.accounts.invite_to_team(self.jane.id, self.team, email=email)

    def join(self) -> None:
        self.invite()
        self.accounts.accept_invitation(self.john.id, self.invitation(self.john))

    def provider(self, change: Callable[[Any], Any]) -> None:
        run_sync(change(self.env.gateway))


@attrs.frozen(kw_only=True)
class Act:
    """One thing that happens to Jane; `prepare` comes before it, and what follows from that is not looked at."""

    do: Callable[[Stage], object]
    prepare: Callable[[Stage], object] = lambda _: None
    trail: Trail = ()
    """What is added to the trail of everybody, in order."""
    mails: Mails = ()
    notifications: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    """By the address of the user who has them."""
    sessions: int = 1
    """How many sessions Jane has afterwards; before it is 1, unless `prepare` opens others."""
    links: int = 1
    """How many links from mails Jane may still use afterwards; before it is 1, unless `prepare` asks for others."""
    is_verified: bool = True
    policy: Policy = attrs.field(factory=Policy)
    profile_type: ProfileType[Any] | None = None


def change_email(stage: Stage) -> None:
    stage.accounts.update_profile(stage.jane.id, email=NEW, current_password=PASSWORD)


def sign_up_taken(stage: Stage) -> None:
    with suppress(EmailTaken):
        stage.accounts.register(email=OLD, password=OTHER_PASSWORD, name="Jane Doe")


def in_turn(*steps: Callable[[Stage], object]) -> Callable[[Stage], None]:
    """Return what does these one after another."""

    def run(stage: Stage) -> None:
        for step in steps:
            step(stage)

    return run


PRIVATE = Policy(private_registration=True)
IMMEDIATE = Policy(email_change=EmailChange.IMMEDIATE)


def set_up(env: Environment, act: Act) -> Stage:
    accounts = env.accounts(act.policy, profile_type=act.profile_type)
    plain = env.accounts()
    jane = plain.register(email=OLD, password=PASSWORD, name="Jane Doe")
    john = plain.register(email=JOHN, password=PASSWORD, name="John Roe")
    plain.mark_email_verified(john.id)
    plain.mark_email_verified(jane.id)
    token = plain.sign_in(email=OLD, password=PASSWORD).token
    plain.forgot_password(email=OLD)
    plain.run_due()
    stage = Stage(env, accounts, plain.profile(jane.id), john, token)
    if not act.is_verified:
        take_back_verification(env, jane.id)
    act.prepare(stage)
    return stage


def take_back_verification(env: Environment, user_id: UserId) -> None:
    async def take_back() -> None:
        async with env.store.begin() as work:
            user = await work.users.get(user_id)
            await work.users.save(attrs.evolve(user, email_verified_at=None))

    run_sync(take_back())


def run_out(accounts: Core) -> None:
    while accounts.run_due().done:
        pass
