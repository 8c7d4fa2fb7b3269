"""The way in: every use case, composed over one set of ports.

Each use case is written once and named once here. `Accounts` gives it as a coroutine function, `BlockingAccounts` as a
plain function that drives the same coroutine to its end without an event loop.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, overload

import attrs

from accounts_core.errors import HostError
from accounts_core.model.policy import Policy
from accounts_core.ports.blocking import (
    BlockingLimits,
    BlockingNotifier,
    BlockingPasswordHasher,
    BlockingPaymentGateway,
    BlockingStore,
)
from accounts_core.ports.clock import Clock
from accounts_core.ports.limits import Limits
from accounts_core.ports.notifier import Notifier
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.sync import run_sync
from accounts_core.use_cases.authenticate import Authenticate, AuthenticateWithPaymentMethods
from accounts_core.use_cases.card_guard import CardGuard
from accounts_core.use_cases.card_verifier import CardVerifier
from accounts_core.use_cases.credentials import Credentials, SessionOpener
from accounts_core.use_cases.deactivate import Deactivate, Reinstate
from accounts_core.use_cases.delete_user import DeleteUser, EraseUser, PreviewDeletion
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.notifications import ListNotifications, MarkAllNotificationsRead, MarkNotificationRead
from accounts_core.use_cases.outbox import JobHandler, Jobs, ListOutbox, RetryJob, RunDue
from accounts_core.use_cases.owned_data import OwnedPersonalData, OwnedTeams
from accounts_core.use_cases.payment_methods import (
    ListPaymentMethods,
    RemovePaymentMethod,
    RetrieveCustomer,
    SetDefaultPaymentMethod,
)
from accounts_core.use_cases.profile import FindUser, ReadProfile
from accounts_core.use_cases.provider_events import ForgetProviderEvents, ReceiveProviderEvent
from accounts_core.use_cases.reconcile_cards import ReconcileCards
from accounts_core.use_cases.register import Register
from accounts_core.use_cases.restore import Restore
from accounts_core.use_cases.sign_in import SignIn
from accounts_core.use_cases.sign_out import SignOut
from accounts_core.use_cases.sync_customer import SyncCustomer
from accounts_core.use_cases.teams.interactions import ListInteractions, WriteInteraction
from accounts_core.use_cases.teams.invitations import (
    AcceptInvitation,
    DeclineInvitation,
    InviteToTeam,
    ListInvitations,
)
from accounts_core.use_cases.teams.manage import CreateTeam, DeleteTeam, GetTeam, HandOverTeam, ListTeams
from accounts_core.use_cases.teams.members import ListTeamMembers, RemoveTeamMember
from accounts_core.use_cases.touch_session import TouchSession
from accounts_core.use_cases.update_profile import UpdateProfile
from accounts_core.use_cases.verify_card import VerifyCard
from accounts_core.use_cases.verify_email import VerifyEmail

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=UnitOfWork)


@attrs.frozen(kw_only=True)
class _Ports:
    """One set of ports, and the parts that several use cases share."""

    store: Store[Any]
    payments: PaymentGateway
    passwords: PasswordHasher
    notifier: Notifier
    clock: Clock
    secrets: Secrets
    policy: Policy
    limits: Limits | None
    owned_data: tuple[OwnedData[Any], ...]
    job_handlers: Mapping[str, JobHandler]

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.store, self.passwords)

    @property
    def sessions(self) -> SessionOpener:
        return SessionOpener(self.clock, self.secrets, self.policy)

    @property
    def effects(self) -> Effects:
        return Effects(self.store, self.payments, self.notifier, self.clock, self.secrets)

    @property
    def authenticate(self) -> Authenticate:
        return Authenticate(self.store, self.clock, self.policy)

    @property
    def card_verifier(self) -> CardVerifier:
        return CardVerifier(self.store, self.payments, self.effects, self.clock, self.policy.cards, self.card_guard)

    @property
    def card_guard(self) -> CardGuard:
        return CardGuard(self.limits, self.clock, self.policy)

    @property
    def sync_customer(self) -> SyncCustomer:
        return SyncCustomer(self.store, self.payments, self.card_verifier, self.effects, self.clock)

    @property
    def run_due(self) -> RunDue:
        jobs = Jobs(self.effects, self.card_verifier, self.sync_customer, self.policy.cards, self.job_handlers)
        return RunDue(self.store, jobs, self.clock, self.secrets, self.effects)

    @property
    def preview_deletion(self) -> PreviewDeletion[Any]:
        return PreviewDeletion(self.store, self.owned_data)

    @property
    def erase_user(self) -> EraseUser[Any]:
        return EraseUser(self.store, self.preview_deletion, self.owned_data, self.effects, self.clock)


class _UseCase(Generic[P, R]):
    """A use case as an attribute: how it is called depends on whose attribute it is."""

    def __init__(self, build: Callable[[_Ports], Callable[P, Coroutine[Any, Any, R]]]) -> None:
        self._build = build

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "_UseCase[P, R]": ...
    @overload
    def __get__(self, instance: "Accounts[Any]", owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, instance: "BlockingAccounts[Any]", owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: "_Doors | None", owner: type) -> Any:
        if instance is None:
            return self
        call = instance._way_in(self._build(instance._ports))  # noqa: SLF001  two halves of one class
        instance.__dict__[self._name] = call  # built once: the attribute now hides this descriptor
        return call


class _Doors:
    """Every use case. See each one's class for what it takes, gives and raises."""

    def __init__(self, ports: _Ports) -> None:
        self._ports = ports

    def _way_in(self, use_case: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Any]:
        raise NotImplementedError

    # accounts
    register = _UseCase(lambda at: Register(at.store, at.passwords, at.clock, at.policy))
    sign_in = _UseCase(lambda at: SignIn(at.store, at.credentials, at.sessions))
    sign_out = _UseCase(lambda at: SignOut(at.store, at.clock))
    restore = _UseCase(lambda at: Restore(at.store, at.credentials, at.sessions, at.clock))
    authenticate = _UseCase(lambda at: at.authenticate)
    authenticate_with_payment_methods = _UseCase(lambda at: AuthenticateWithPaymentMethods(at.store, at.authenticate))
    touch_session = _UseCase(lambda at: TouchSession(at.store, at.clock))
    profile = _UseCase(lambda at: ReadProfile(at.store))
    find_user = _UseCase(lambda at: FindUser(at.store))
    update_profile = _UseCase(lambda at: UpdateProfile(at.store, at.passwords, at.effects, at.clock, at.policy))
    verify_email = _UseCase(lambda at: VerifyEmail(at.store, at.effects, at.clock))
    deactivate = _UseCase(lambda at: Deactivate(at.store, at.clock))
    reinstate = _UseCase(lambda at: Reinstate(at.store, at.clock))
    preview_deletion = _UseCase(lambda at: at.preview_deletion)
    delete_user = _UseCase(lambda at: DeleteUser(at.store, at.passwords, at.erase_user, at.effects))
    erase_user = _UseCase(lambda at: at.erase_user)

    # notifications
    list_notifications = _UseCase(lambda at: ListNotifications(at.store))
    mark_notification_read = _UseCase(lambda at: MarkNotificationRead(at.store, at.clock))
    mark_all_notifications_read = _UseCase(lambda at: MarkAllNotificationsRead(at.store, at.clock))

    # cards
    verify_card = _UseCase(
        lambda at: VerifyCard(at.store, at.card_verifier, at.card_guard, at.effects, at.clock, at.policy)
    )
    list_payment_methods = _UseCase(lambda at: ListPaymentMethods(at.store))
    set_default_payment_method = _UseCase(lambda at: SetDefaultPaymentMethod(at.store, at.effects, at.clock))
    remove_payment_method = _UseCase(lambda at: RemovePaymentMethod(at.store, at.effects, at.clock))
    retrieve_customer = _UseCase(lambda at: RetrieveCustomer(at.store, at.payments))

    sync_customer = _UseCase(lambda at: at.sync_customer)
    reconcile_cards = _UseCase(lambda at: ReconcileCards(at.store, at.payments, at.sync_customer, at.effects, at.clock))
    receive_provider_event = _UseCase(lambda at: ReceiveProviderEvent(at.store, at.effects, at.clock))
    forget_provider_events = _UseCase(lambda at: ForgetProviderEvents(at.store, at.clock))

    # the outbox, for workers and operators
    run_due = _UseCase(lambda at: at.run_due)
    list_outbox = _UseCase(lambda at: ListOutbox(at.store))
    retry_job = _UseCase(lambda at: RetryJob(at.store, at.clock))

    # teams
    create_team = _UseCase(lambda at: CreateTeam(at.store, at.clock))
    list_teams = _UseCase(lambda at: ListTeams(at.store))
    get_team = _UseCase(lambda at: GetTeam(at.store))
    delete_team = _UseCase(lambda at: DeleteTeam(at.store, at.clock))
    hand_over_team = _UseCase(lambda at: HandOverTeam(at.store, at.clock))
    list_team_members = _UseCase(lambda at: ListTeamMembers(at.store))
    remove_team_member = _UseCase(lambda at: RemoveTeamMember(at.store, at.clock))
    invite_to_team = _UseCase(lambda at: InviteToTeam(at.store, at.effects, at.clock))
    list_invitations = _UseCase(lambda at: ListInvitations(at.store))
    accept_invitation = _UseCase(lambda at: AcceptInvitation(at.store, at.clock))
    decline_invitation = _UseCase(lambda at: DeclineInvitation(at.store, at.clock))
    list_interactions = _UseCase(lambda at: ListInteractions(at.store))
    write_interaction = _UseCase(lambda at: WriteInteraction(at.store, at.clock, at.secrets))


def _owned(host: Sequence[OwnedData[Any]]) -> tuple[OwnedData[Any], ...]:
    return (OwnedTeams(), OwnedPersonalData(), *host)


class Accounts(_Doors, Generic[W]):
    """User accounts and their cards, for asynchronous hosts: `user = await accounts.register(...)`.

    A store that rides in a host's open transaction writes and commits with it; then use cases that must commit between
    provider calls refuse with `NeedsCommit`. `owned_data` is what the host keeps about a user, for deletion;
    `job_handlers` do the outbox jobs of the host's own topics. Without `limits` nothing is limited.
    """

    def __init__(
        self,
        *,
        store: Store[W],
        payments: PaymentGateway,
        passwords: PasswordHasher,
        notifier: Notifier,
        clock: Clock,
        secrets: Secrets,
        policy: Policy | None = None,
        limits: Limits | None = None,
        owned_data: Sequence[OwnedData[W]] = (),
        job_handlers: Mapping[str, JobHandler] | None = None,
    ) -> None:
        super().__init__(
            _Ports(
                store=store,
                payments=payments,
                passwords=passwords,
                notifier=notifier,
                clock=clock,
                secrets=secrets,
                policy=policy or Policy(),
                limits=limits,
                owned_data=_owned(owned_data),
                job_handlers=dict(job_handlers or {}),
            )
        )

    def _way_in(self, use_case: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        return use_case


class BlockingAccounts(_Doors, Generic[W]):
    """User accounts and their cards, for hosts without an event loop: `user = accounts.register(...)`.

    Takes only adapters that never suspend. Raises `HostError` for any other, where no type checker has looked.
    """

    def __init__(
        self,
        *,
        store: BlockingStore[W],
        payments: BlockingPaymentGateway,
        passwords: BlockingPasswordHasher,
        notifier: BlockingNotifier,
        clock: Clock,
        secrets: Secrets,
        policy: Policy | None = None,
        limits: BlockingLimits | None = None,
        owned_data: Sequence[OwnedData[W]] = (),
        job_handlers: Mapping[str, JobHandler] | None = None,
    ) -> None:
        for port in (store, payments, passwords, notifier, limits):
            if port is not None and getattr(port, "suspends", True):
                raise HostError(f"{type(port).__name__} needs an event loop, and BlockingAccounts has none.")
        super().__init__(
            _Ports(
                store=store,
                payments=payments,
                passwords=passwords,
                notifier=notifier,
                clock=clock,
                secrets=secrets,
                policy=policy or Policy(),
                limits=limits,
                owned_data=_owned(owned_data),
                job_handlers=dict(job_handlers or {}),
            )
        )

    def _way_in(self, use_case: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return run_sync(use_case(*args, **kwargs))

        return call
