"""The accounts of one test: the ports that it looks at, and the facades over them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from accounts_core import Accounts, BlockingAccounts, MailDispatch, Policy, ProfileType, UserId
from accounts_core.errors import InvalidToken
from accounts_core.model.tokens import MAILED, digest_of
from accounts_core.ports.clock import Clock
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Subscriber
from accounts_core.results import JobHandler
from accounts_core.sync import run_sync
from accounts_memory import MemoryMailer, MemoryStore

from .cards import CardGateway
from .limits import RateLimits, switched
from .mailbox import Mailbox


@attrs.frozen(kw_only=True)
class Parts:
    """The ports of the accounts of a test, besides their store. All of them work with and without an event loop."""

    clock: Clock
    mailbox: Mailbox
    cards: CardGateway
    limits: RateLimits
    secrets: Secrets
    passwords: PasswordHasher
    policy: Policy | None
    owned_data: Sequence[OwnedData[Any]]
    subscribers: Sequence[Subscriber[Any]]
    job_handlers: Mapping[str, JobHandler]
    mail_dispatch: MailDispatch
    profile_type: ProfileType[Any] | None

    def ports(self, store: Any) -> dict[str, Any]:
        """Return the arguments of a facade over this store."""
        return {
            "store": store,
            "payments": self.cards,
            "passwords": self.passwords,
            "mailer": self.mailbox,
            "clock": self.clock,
            "secrets": self.secrets,
            "policy": self.policy,
            "limits": switched(store.rate_limiter(), self.limits),
            "owned_data": self.owned_data,
            "job_handlers": self.job_handlers,
            "mail_dispatch": self.mail_dispatch,
            "profile_type": self.profile_type,
        }


class Facades:
    """The facades over one database.

    Args:
        parts: What they are built from, besides the store.
        store: A store that needs no event loop.
        guarded: The store of `blocking`; it may refuse to be used where an event loop runs.
        asynchronous: The store of `asynchronous`.

    """

    def __init__(self, parts: Parts, store: Any, *, guarded: Any = None, asynchronous: Any = None) -> None:
        self._parts = parts
        self._store = store
        self._guarded = guarded or store
        self._asynchronous = asynchronous or store
        self.factory_mails = MemoryMailer()

    @cached_property
    def blocking(self) -> BlockingAccounts:
        """For the application under test."""
        return BlockingAccounts(**self._parts.ports(self._guarded))

    @cached_property
    def asynchronous(self) -> Accounts:
        """For an application with an event loop."""
        return Accounts(**self._parts.ports(self._asynchronous))

    @cached_property
    def own(self) -> BlockingAccounts:
        """For the kit itself, which may be called where an event loop runs."""
        return BlockingAccounts(**self._parts.ports(self._store))

    @cached_property
    def factory(self) -> BlockingAccounts:
        """For `make_user`: its mails are put aside in `factory_mails`."""
        aside = {"mailer": self.factory_mails, "mail_dispatch": MailDispatch.AFTER_COMMIT}
        return BlockingAccounts(**self._parts.ports(self._store) | aside)

    def user_of(self, token: str) -> UserId | None:
        """Return the user whom a mailed token is for."""
        try:
            digest = digest_of(token, prefix=MAILED)
        except InvalidToken:
            return None

        async def find() -> UserId | None:
            async with self._store.begin() as work:
                mailed = await work.mail_tokens.find(digest)
            return None if mailed is None else mailed.user_id

        return run_sync(find())


def in_memory(parts: Parts) -> Facades:
    """Return facades over a new store in memory, which both share."""
    return Facades(parts, MemoryStore(subscribers=parts.subscribers))
