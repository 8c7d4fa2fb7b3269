from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from inspect import signature
from itertools import count
from typing import Any, Final, Generic, Protocol, Unpack

import attrs

from accounts_core import ActionRequired, BlockingAccounts, PaymentMethod, SignInResult, TeamId, User, UserId
from accounts_core.errors import CardDeclined
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.mail_kind import MailKind
from accounts_core.model.profile import ProfileChanges
from accounts_core.model.profile_data import D
from accounts_core.model.team import Team

from .cards import CardName
from .environment import Environment

PASSWORD: Final = "correct horse battery staple"  # noqa: S105  every user of a test has it
"""The password of a user who is made without one."""
NAME: Final = "Jane Doe"


@attrs.frozen(kw_only=True, repr=False)
class MadeUser(Generic[D]):
    """A user whom `make_user` made."""

    user: User[D]
    """The user as it was then; `accounts.profile(made.id)` reads it again."""
    password: str
    sessions: Sequence[SignInResult[D]] = ()
    cards: Sequence[PaymentMethod] = ()
    team: Team | None = None
    """The team that was made for the user, or that the user joined."""

    @property
    def id(self) -> UserId:
        return self.user.id

    @property
    def email(self) -> str:
        return self.user.email.address

    @property
    def token(self) -> str:
        """The access token of the first session."""
        if not self.sessions:
            raise AssertionError(f"{self} is not signed in: make_user was called with sessions=0.")
        return self.sessions[0].token

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers of a request by this user."""
        return {"Authorization": f"Bearer {self.token}"}

    def __repr__(self) -> str:
        return f"<user {self.id}: {self.email}>"


@attrs.frozen(kw_only=True, repr=False)
class MadeTeam:
    """A team that `make_team` made."""

    team: Team
    owner: MadeUser[Any]
    members: Sequence[MadeUser[Any]] = ()

    @property
    def id(self) -> TeamId:
        return self.team.id

    def __repr__(self) -> str:
        return f"<team {self.id}: {self.team.name}>"


class MakeUser(Protocol[D]):
    """Makes users. Each call makes one, signed in, in the accounts that the test uses."""

    def __call__(
        self,
        *,
        email: str | None = None,
        password: str = PASSWORD,
        verified: bool = True,
        deactivated: bool = False,
        sessions: int = 1,
        cards: Sequence[CardName | str] = (),
        team: str | MadeTeam | None = None,
        profile: D | Mapping[str, Any] | None = None,
        **fields: Unpack[ProfileChanges],
    ) -> MadeUser[D]:
        """Make a user.

        The mails that this causes are not in the mailbox, except the one whose link an unverified user has yet to
        open. Nothing counts towards rate limits.

        Args:
            email: The address; by default `user1@example.org` and so on.
            password: The password.
            verified: Whether the address is verified.
            deactivated: Whether the account is deactivated in the end, which ends its sessions.
            sessions: The number of sessions, each on a device of its own.
            cards: Test cards to verify, by name, as in `card_gateway.card(...)`; the first is the default card.
            team: The name of a new team that the user owns, or a team of `make_team` that the user joins.
            profile: Profile data, of the fixture `accounts_profile_type`; by default that of `accounts_profile`.
            **fields: Profile fields; the name is Jane Doe by default.

        Returns:
            The user.

        Raises:
            ValueError: No such test card, or one that is declined; or an unverified user is to join a team.

        """
        ...


class MakeTeam(Protocol):
    """Makes teams in the accounts that the test uses."""

    def __call__(
        self, name: str = "Bookshop", *, owner: MadeUser[Any] | None = None, members: int | Sequence[MadeUser[Any]] = 0
    ) -> MadeTeam:
        """Make a team.

        Args:
            name: Its name.
            owner: Its owner, who is made by default.
            members: Its members besides the owner, or how many to make.

        Returns:
            The team.

        """
        ...


class Factories:
    """`make_user` and `make_team` of one test."""

    def __init__(self, environment: Environment, profile: Any) -> None:
        self._environment = environment
        self._profile = profile
        self._numbers = count(1)

    def make_user(
        self,
        *,
        email: str | None = None,
        password: str = PASSWORD,
        verified: bool = True,
        deactivated: bool = False,
        sessions: int = 1,
        cards: Sequence[CardName | str] = (),
        team: str | MadeTeam | None = None,
        profile: Any = None,
        **fields: Unpack[ProfileChanges],
    ) -> MadeUser[Any]:
        _check_names(fields)
        if isinstance(team, MadeTeam) and not verified:
            raise ValueError("A user with an unverified address cannot join a team: leave out verified=False.")
        tokens = [self._environment.parts.cards.card(card) for card in cards]
        address = EmailAddress(f"user{next(self._numbers)}@example.org" if email is None else email)
        with self._quietly() as involved:
            accounts = self._environment.facades.factory
            data = self._profile if profile is None else profile
            named: dict[str, Any] = {"name": NAME, **fields}
            user = accounts.register(email=address, password=password, profile=data, **named)
            involved[user.email.key] = not verified
            if verified:
                accounts.mark_email_verified(user.id)
            signed_in = [
                accounts.sign_in(email=address, password=password, user_agent=f"Device {number}")
                for number in range(1, sessions + 1)
            ]
            for token, card in zip(tokens, cards, strict=True):
                self._add_card(accounts, user.id, token, card)
            joined = None if team is None else self._into_team(accounts, user, team, involved)
            if deactivated:
                accounts.deactivate(user.id)
            return MadeUser(
                user=accounts.profile(user.id),
                password=password,
                sessions=signed_in,
                cards=list(accounts.list_payment_methods(user.id)) if cards else (),
                team=joined,
            )

    def make_team(
        self, name: str = "Bookshop", *, owner: MadeUser[Any] | None = None, members: int | Sequence[MadeUser[Any]] = 0
    ) -> MadeTeam:
        owner = self.make_user() if owner is None else owner
        joining = [self.make_user() for _ in range(members)] if isinstance(members, int) else members
        with self._quietly() as involved:
            accounts = self._environment.facades.factory
            team = accounts.create_team(owner.id, name=name).team
            made = MadeTeam(team=team, owner=owner, members=joining)
            for member in joining:
                self._into_team(accounts, member.user, made, involved)
        return made

    @contextmanager
    def _quietly(self) -> Iterator[dict[str, bool]]:
        """Count nothing, and drop the mails to those involved. The block says for each whether a link is kept."""
        involved: dict[str, bool] = {}
        mails = self._environment.facades.factory_mails
        try:
            with self._environment.parts.limits.paused():
                yield involved
        finally:
            for message in mails.delivered:
                key = message.to.key
                if key not in involved or (involved[key] and message.kind is MailKind.VERIFY_EMAIL):
                    self._environment.parts.mailbox.delivered.append(message)
            mails.delivered.clear()

    def _add_card(self, accounts: BlockingAccounts, user_id: UserId, token: str, name: str) -> None:
        try:
            result = accounts.verify_card(user_id, payment_method=token)
            if isinstance(result, ActionRequired):
                self._environment.parts.cards.complete_challenge(result.verification_id)
                accounts.verify_card(user_id, payment_method=token)
        except CardDeclined as error:
            raise ValueError(f"The test card {name!r} is declined, so no user has it.") from error

    def _into_team(
        self, accounts: BlockingAccounts, user: User, team: str | MadeTeam, involved: dict[str, bool]
    ) -> Team:
        if isinstance(team, str):
            return accounts.create_team(user.id, name=team).team
        involved.setdefault(user.email.key, False)
        involved.setdefault(team.owner.user.email.key, False)
        accounts.invite_to_team(team.owner.id, team.id, email=user.email)
        for invitation in accounts.list_invitations(user.id):
            if invitation.invitation.team_id == team.id:
                accounts.accept_invitation(user.id, invitation.invitation.id)
        return team.team


def _check_names(fields: Collection[str]) -> None:
    """Check the names of profile fields, among which a misspelled argument of `make_user` is, too.

    Raises:
        TypeError: There is no such argument.

    """
    arguments = [each for each in signature(MakeUser.__call__).parameters if each not in {"self", "fields"}]
    possible = [*arguments, *ProfileChanges.__annotations__]
    for name in fields:
        if name not in possible:
            near = get_close_matches(name, possible, n=1)
            meant = f" Did you mean {near[0]}?" if near else f" There are {', '.join(possible)}."
            raise TypeError(f"make_user has no argument {name!r}.{meant}")
