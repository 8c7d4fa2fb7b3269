"""Types of the fixtures that the contract suites share, and the steps that their tests have in common."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar

from accounts_core.model.events import DomainEvent
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import Cards, PaymentMethod
from accounts_core.model.session import Session
from accounts_core.model.team import Interaction, Invitation, Membership, Team
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification
from accounts_core.ports.store import Reader, Store, Subscriber, UnitOfWork

T = TypeVar("T")

Thunk: TypeAlias = Callable[[], Coroutine[Any, Any, Any]]
AnyStore: TypeAlias = Store[UnitOfWork]
Entity: TypeAlias = (
    User
    | Session
    | PaymentMethod
    | CardVerification
    | Notification
    | Team
    | Membership
    | Invitation
    | Interaction
    | OutboxJob
    | DomainEvent
)


class Drive(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...


class Concurrently(Protocol):
    """Drives several coroutines concurrently; returns the result or the exception of each, in order."""

    async def __call__(self, *thunks: Thunk) -> list[Any]: ...


class MakeStore(Protocol):
    """Makes a store over an empty database."""

    def __call__(self, *subscribers: Subscriber[UnitOfWork]) -> AnyStore: ...


async def keep(store: AnyStore, *entities: Entity) -> None:
    """Add entities in one unit of work, in order. Events are recorded; cards are added to those of their user."""
    async with store.begin() as work:
        for entity in entities:
            await add(work, entity)


async def add(work: UnitOfWork, entity: Entity) -> None:
    """Add an entity to an open unit of work."""
    match entity:
        case User():
            await work.users.add(entity)
        case Session():
            await work.sessions.add(entity)
        case PaymentMethod():
            held = await work.payment_methods.list_for_user(entity.user_id)
            await work.payment_methods.save(entity.user_id, Cards([*held, entity]))
        case CardVerification():
            await work.verifications.add(entity)
        case Notification():
            await work.notifications.add(entity)
        case Team():
            await work.teams.add(entity)
        case Membership():
            await work.teams.add_member(entity)
        case Invitation():
            await work.teams.add_invitation(entity)
        case Interaction():
            await work.teams.add_interaction(entity)
        case OutboxJob():
            await work.outbox.add(entity)
        case DomainEvent():
            work.record(entity)


async def read_back(store: AnyStore, ask: Callable[[Reader], Awaitable[T]]) -> T:
    """Read with a reader and in a new unit of work, assert that the results are equal, and return the result."""
    async with store.reader() as reader:
        seen = await ask(reader)
    async with store.begin() as work:
        assert seen == await ask(work)
    return seen


def failures(outcomes: list[Any]) -> list[BaseException]:
    """Return the exceptions among the outcomes of `concurrently`."""
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
