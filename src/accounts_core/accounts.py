"""The way in: every use case, composed over one set of ports.

Each use case is written once and named once here. `Accounts` gives it as a coroutine function, `BlockingAccounts` as a
plain function that drives the same coroutine to its end without an event loop.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

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
from accounts_core.sync import iterate_sync, run_sync
from accounts_core.use_cases.authenticate import AuthenticateWithPaymentMethods
from accounts_core.use_cases.confirm_email import ConfirmEmail
from accounts_core.use_cases.deactivate import Deactivate, Reinstate
from accounts_core.use_cases.delete_user import DeleteUser
from accounts_core.use_cases.notifications import (
    DeleteNotification,
    ListNotifications,
    MarkAllNotificationsRead,
    MarkNotificationRead,
)
from accounts_core.use_cases.outbox import JobHandler, ListOutbox, RetryJob
from accounts_core.use_cases.owned_data import OwnedPersonalData, OwnedTeams
from accounts_core.use_cases.payment_methods import (
    ListPaymentMethods,
    RemovePaymentMethod,
    RetrieveCustomer,
    SetDefaultPaymentMethod,
)
from accounts_core.use_cases.perform_once import PerformOnce
from accounts_core.use_cases.personal_data import ExportPersonalData, ListActivity, StreamPersonalData
from accounts_core.use_cases.profile import FindUser, ReadProfile
from accounts_core.use_cases.provider_events import ReceiveProviderEvent
from accounts_core.use_cases.reconcile_cards import ReconcileCards
from accounts_core.use_cases.recovery import ForgotPassword, ResetPassword
from accounts_core.use_cases.register import Register, RequestAccount
from accounts_core.use_cases.restore import Restore
from accounts_core.use_cases.sessions import EndAllSessions, EndSessions, ListSessions
from accounts_core.use_cases.sign_in import SignIn
from accounts_core.use_cases.sign_out import SignOut
from accounts_core.use_cases.sign_up_once import SignUpOnce
from accounts_core.use_cases.teams.interactions import ListInteractions, WriteInteraction
from accounts_core.use_cases.teams.invitations import (
    AcceptInvitation,
    DeclineInvitation,
    InviteToTeam,
    ListInvitations,
)
from accounts_core.use_cases.teams.manage import CreateTeam, DeleteTeam, GetTeam, HandOverTeam, ListTeams, RenameTeam
from accounts_core.use_cases.teams.members import ListTeamMembers, RemoveTeamMember
from accounts_core.use_cases.teams.sent_invitations import ListTeamInvitations, ResendInvitation, RevokeInvitation
from accounts_core.use_cases.tidy import PreviewTidy, Tidy
from accounts_core.use_cases.touch_session import TouchSession
from accounts_core.use_cases.unlock_user import UnlockUser
from accounts_core.use_cases.update_profile import UpdateProfile
from accounts_core.use_cases.verifications import ListVerifications
from accounts_core.use_cases.verify_card import VerifyCard
from accounts_core.use_cases.verify_email import ResendVerification, VerifyEmail
from accounts_core.wiring import Wiring

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=UnitOfWork)


class _UseCase(Generic[P, R]):
    """A use case as an attribute: how it is called depends on whose attribute it is.

    With `once`, a call hashes no password twice and counts no attempt twice, however often its unit of work starts over
    (`accounts_core.use_cases.once`). Every use case that hashes says so.
    """

    def __init__(self, build: Callable[[Wiring], Callable[P, Coroutine[Any, Any, R]]], *, once: bool = False) -> None:
        self.build = build
        self.is_once = once

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
        wiring = instance._wiring  # noqa: SLF001  two halves of one class
        use_case = self._for_each_request(wiring) if self.is_once else self.build(wiring)
        call = instance._way_in(use_case)  # noqa: SLF001
        instance.__dict__[self._name] = call  # built once: the attribute now hides this descriptor
        return call

    def _for_each_request(self, wiring: Wiring) -> Callable[P, Coroutine[Any, Any, R]]:
        def call(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
            return self.build(wiring.for_one_request())(*args, **kwargs)

        return call


class _StreamingUseCase(Generic[P, R]):
    """A use case that gives an iterator: an asynchronous one, or a plain one that never suspends."""

    def __init__(self, build: Callable[[Wiring], Callable[P, Coroutine[Any, Any, AsyncGenerator[R, None]]]]) -> None:
        self._build = build

    @overload
    def __get__(self, instance: None, owner: type) -> "_StreamingUseCase[P, R]": ...
    @overload
    def __get__(
        self, instance: "Accounts[Any]", owner: type
    ) -> Callable[P, Coroutine[Any, Any, AsyncGenerator[R, None]]]: ...
    @overload
    def __get__(self, instance: "BlockingAccounts[Any]", owner: type) -> Callable[P, Iterator[R]]: ...
    def __get__(self, instance: "_Doors | None", owner: type) -> Any:
        if instance is None:
            return self
        call = instance._way_in(self._build(instance._wiring))  # noqa: SLF001  two halves of one class
        return _without_a_loop(call) if isinstance(instance, BlockingAccounts) else call


def _without_a_loop(call: Callable[P, AsyncGenerator[R, None]]) -> Callable[P, Iterator[R]]:
    return lambda *args, **kwargs: iterate_sync(call(*args, **kwargs))


class _Doors:
    """Every use case. See each one's class for what it takes, gives and raises."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    @property
    def policy(self) -> Policy:
        """What the product decides for itself."""
        return self._wiring.policy

    def on(self, store: Store[Any], *, passwords: PasswordHasher | None = None) -> Self:
        """Return the same on another store, such as one that `perform_once` gives, and with another hasher if any."""
        return self._over(attrs.evolve(self._wiring, store=store, passwords=passwords or self._wiring.passwords))

    def for_one_request(self) -> Self:
        """Return the same for one request, which may call it several times, such as again after a conflict.

        Together these calls hash a password once, and count an attempt once.
        """
        return self._over(self._wiring.for_one_request())

    def _over(self, wiring: Wiring) -> Self:
        other = object.__new__(type(self))
        _Doors.__init__(other, wiring)
        return other

    def _way_in(self, use_case: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Any]:
        raise NotImplementedError

    # accounts
    register = _UseCase(lambda at: Register(at.store, at.applicants, at.attempts, at.effects, at.clock), once=True)
    request_account = _UseCase(lambda at: RequestAccount(at.store, at.applicants), once=True)
    sign_in = _UseCase(lambda at: SignIn(at.store, at.credentials, at.sessions, at.attempts), once=True)
    sign_out = _UseCase(lambda at: SignOut(at.store, at.clock))
    restore = _UseCase(lambda at: Restore(at.store, at.credentials, at.sessions, at.attempts, at.clock), once=True)
    forgot_password = _UseCase(lambda at: ForgotPassword(at.store, at.effects, at.attempts))
    reset_password = _UseCase(
        lambda at: ResetPassword(
            at.store, at.mailed_tokens, at.email_verifier, at.passwords, at.attempts, at.clock, at.policy
        ),
        once=True,
    )
    list_sessions = _UseCase(lambda at: ListSessions(at.store, at.clock, at.policy))
    end_sessions = _UseCase(lambda at: EndSessions(at.store, at.proofs, at.clock, at.policy), once=True)
    end_all_sessions = _UseCase(lambda at: EndAllSessions(at.store, at.clock))
    authenticate = _UseCase(lambda at: at.authenticate)
    authenticate_with_payment_methods = _UseCase(lambda at: AuthenticateWithPaymentMethods(at.store, at.authenticate))
    touch_session = _UseCase(lambda at: TouchSession(at.store, at.clock))
    profile = _UseCase(lambda at: ReadProfile(at.store))
    find_user = _UseCase(lambda at: FindUser(at.store))
    update_profile = _UseCase(
        lambda at: UpdateProfile(at.store, at.passwords, at.proofs, at.attempts, at.effects, at.clock, at.policy),
        once=True,
    )
    verify_email = _UseCase(lambda at: VerifyEmail(at.email_verifier))
    confirm_email = _UseCase(
        lambda at: ConfirmEmail(
            at.store, at.email_verifier, at.erase_user, at.passwords, at.attempts, at.effects, at.clock
        ),
        once=True,
    )
    resend_verification = _UseCase(lambda at: ResendVerification(at.store, at.effects, at.attempts))
    deactivate = _UseCase(lambda at: Deactivate(at.store, at.clock))
    reinstate = _UseCase(lambda at: Reinstate(at.store, at.clock))
    unlock_user = _UseCase(lambda at: UnlockUser(at.store, at.attempts, at.clock))
    preview_deletion = _UseCase(lambda at: at.preview_deletion)
    delete_user = _UseCase(
        lambda at: DeleteUser(at.store, at.proofs, at.erase_user, at.customer_removal, at.effects), once=True
    )
    erase_user = _UseCase(lambda at: at.erase_user)
    export_personal_data = _UseCase(
        lambda at: ExportPersonalData(StreamPersonalData(at.store, at.attempts, at.owned_data))
    )
    stream_personal_data = _StreamingUseCase(lambda at: StreamPersonalData(at.store, at.attempts, at.owned_data))
    list_activity = _UseCase(lambda at: ListActivity(at.store))
    perform_once = _UseCase(lambda at: PerformOnce(at.store, at.attempts, at.clock, at.secrets))
    sign_up_once = _UseCase(lambda at: SignUpOnce(at.store, at.passwords, at.attempts, at.clock, at.secrets), once=True)
    tidy = _UseCase(
        lambda at: Tidy(at.store, at.limits, at.erase_user, at.effects, at.clock, at.policy, at.repair_times)
    )
    preview_tidy = _UseCase(lambda at: PreviewTidy(at.store, at.limits, at.clock, at.policy))
    repair_times = _UseCase(lambda at: at.repair_times)

    # notifications
    list_notifications = _UseCase(lambda at: ListNotifications(at.store))
    mark_notification_read = _UseCase(lambda at: MarkNotificationRead(at.store, at.attempts, at.clock))
    mark_all_notifications_read = _UseCase(lambda at: MarkAllNotificationsRead(at.store, at.attempts, at.clock))
    delete_notification = _UseCase(lambda at: DeleteNotification(at.store, at.attempts))

    # cards
    verify_card = _UseCase(
        lambda at: VerifyCard(at.store, at.card_verifier, at.attempts, at.effects, at.clock, at.policy)
    )
    list_verifications = _UseCase(lambda at: ListVerifications(at.store))
    list_payment_methods = _UseCase(lambda at: ListPaymentMethods(at.store))
    set_default_payment_method = _UseCase(
        lambda at: SetDefaultPaymentMethod(at.store, at.attempts, at.effects, at.clock)
    )
    remove_payment_method = _UseCase(lambda at: RemovePaymentMethod(at.store, at.attempts, at.effects, at.clock))
    retrieve_customer = _UseCase(lambda at: RetrieveCustomer(at.store, at.payments, at.attempts, at.effects))

    sync_customer = _UseCase(lambda at: at.sync_customer)
    reconcile_cards = _UseCase(lambda at: ReconcileCards(at.store, at.payments, at.sync_customer, at.effects, at.clock))
    receive_provider_event = _UseCase(lambda at: ReceiveProviderEvent(at.store, at.effects, at.clock))

    # the outbox, for workers and operators
    run_due = _UseCase(lambda at: at.run_due)
    list_outbox = _UseCase(lambda at: ListOutbox(at.store))
    retry_job = _UseCase(lambda at: RetryJob(at.store, at.clock))

    # teams
    create_team = _UseCase(lambda at: CreateTeam(at.store, at.attempts, at.clock, at.policy))
    list_teams = _UseCase(lambda at: ListTeams(at.store))
    get_team = _UseCase(lambda at: GetTeam(at.store))
    rename_team = _UseCase(lambda at: RenameTeam(at.store, at.attempts, at.clock))
    delete_team = _UseCase(lambda at: DeleteTeam(at.store, at.attempts, at.clock))
    hand_over_team = _UseCase(lambda at: HandOverTeam(at.store, at.attempts, at.clock, at.policy))
    list_team_members = _UseCase(lambda at: ListTeamMembers(at.store))
    remove_team_member = _UseCase(lambda at: RemoveTeamMember(at.store, at.attempts, at.clock))
    invite_to_team = _UseCase(lambda at: InviteToTeam(at.store, at.inviter, at.effects, at.attempts, at.policy))
    list_team_invitations = _UseCase(lambda at: ListTeamInvitations(at.store, at.clock, at.policy))
    resend_invitation = _UseCase(lambda at: ResendInvitation(at.store, at.inviter, at.attempts, at.clock, at.policy))
    revoke_invitation = _UseCase(lambda at: RevokeInvitation(at.store, at.attempts, at.clock, at.policy))
    list_invitations = _UseCase(lambda at: ListInvitations(at.store, at.clock, at.policy))
    accept_invitation = _UseCase(lambda at: AcceptInvitation(at.store, at.effects, at.attempts, at.clock, at.policy))
    decline_invitation = _UseCase(lambda at: DeclineInvitation(at.store, at.attempts, at.clock, at.policy))
    list_interactions = _UseCase(lambda at: ListInteractions(at.store))
    write_interaction = _UseCase(lambda at: WriteInteraction(at.store, at.attempts, at.clock, at.secrets))


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
            Wiring(
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
            Wiring(
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
