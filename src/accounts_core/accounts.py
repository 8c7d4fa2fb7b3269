"""The two facades, which offer every use case over one set of ports.

`Accounts` has each use case as a coroutine function, `BlockingAccounts` as a plain function for applications without an
event loop. Each row of `_UseCases` names a method and the class that implements it.
"""

# mypy: disable-error-code="empty-body"
# A row that is generic in the profile data is a function of which only the annotation is read (`facade.use_case`).

from typing import Generic

import attrs

from accounts_core.container import W
from accounts_core.facade import AsyncFacade, BlockingFacade, streaming_use_case, use_case
from accounts_core.model.profile_data import D
from accounts_core.outbox.worker import RunWorker
from accounts_core.services.customer_sync import SyncCustomer
from accounts_core.services.erasure import EraseUser, PreviewDeletion
from accounts_core.use_cases.cards.list_payment_methods import ListPaymentMethods
from accounts_core.use_cases.cards.list_verifications import ListVerifications
from accounts_core.use_cases.cards.remove_payment_method import RemovePaymentMethod
from accounts_core.use_cases.cards.retrieve_customer import RetrieveCustomer
from accounts_core.use_cases.cards.set_default_payment_method import SetDefaultPaymentMethod
from accounts_core.use_cases.cards.verify_card import VerifyCard
from accounts_core.use_cases.identity.deactivate import Deactivate
from accounts_core.use_cases.identity.delete_notification import DeleteNotification
from accounts_core.use_cases.identity.delete_user import DeleteUser
from accounts_core.use_cases.identity.export_personal_data import ExportPersonalData
from accounts_core.use_cases.identity.find_user import FindUser
from accounts_core.use_cases.identity.forgot_password import ForgotPassword
from accounts_core.use_cases.identity.list_activity import ListActivity
from accounts_core.use_cases.identity.list_notifications import ListNotifications
from accounts_core.use_cases.identity.mark_all_notifications_read import MarkAllNotificationsRead
from accounts_core.use_cases.identity.mark_email_verified import MarkEmailVerified
from accounts_core.use_cases.identity.mark_notification_read import MarkNotificationRead
from accounts_core.use_cases.identity.read_profile import ReadProfile
from accounts_core.use_cases.identity.register import Register
from accounts_core.use_cases.identity.reinstate import Reinstate
from accounts_core.use_cases.identity.request_account import RequestAccount
from accounts_core.use_cases.identity.resend_verification import ResendVerification
from accounts_core.use_cases.identity.reset_password import ResetPassword
from accounts_core.use_cases.identity.restore import Restore
from accounts_core.use_cases.identity.sign_up_idempotent import SignUpIdempotent
from accounts_core.use_cases.identity.stream_personal_data import StreamPersonalData
from accounts_core.use_cases.identity.unlock_user import UnlockUser
from accounts_core.use_cases.identity.update_profile import UpdateProfile
from accounts_core.use_cases.identity.verify_email import VerifyEmail
from accounts_core.use_cases.operations.list_outbox import ListOutbox
from accounts_core.use_cases.operations.list_overdue_jobs import ListOverdueJobs
from accounts_core.use_cases.operations.preview_cleanup import PreviewCleanup
from accounts_core.use_cases.operations.receive_provider_event import ReceiveProviderEvent
from accounts_core.use_cases.operations.reconcile_cards import ReconcileCards
from accounts_core.use_cases.operations.repair_times import RepairTimes
from accounts_core.use_cases.operations.retry_job import RetryJob
from accounts_core.use_cases.operations.run_cleanup import RunCleanup
from accounts_core.use_cases.operations.run_idempotent import RunIdempotent
from accounts_core.use_cases.sessions.authenticate import Authenticate
from accounts_core.use_cases.sessions.authenticate_with_payment_methods import AuthenticateWithPaymentMethods
from accounts_core.use_cases.sessions.end_all_sessions import EndAllSessions
from accounts_core.use_cases.sessions.end_sessions import EndSessions
from accounts_core.use_cases.sessions.list_sessions import ListSessions
from accounts_core.use_cases.sessions.sign_in import SignIn
from accounts_core.use_cases.sessions.sign_out import SignOut
from accounts_core.use_cases.sessions.touch_session import TouchSession
from accounts_core.use_cases.teams.accept_invitation import AcceptInvitation
from accounts_core.use_cases.teams.create_team import CreateTeam
from accounts_core.use_cases.teams.decline_invitation import DeclineInvitation
from accounts_core.use_cases.teams.delete_team import DeleteTeam
from accounts_core.use_cases.teams.get_team import GetTeam
from accounts_core.use_cases.teams.hand_over_team import HandOverTeam
from accounts_core.use_cases.teams.invite_to_team import InviteToTeam
from accounts_core.use_cases.teams.list_interactions import ListInteractions
from accounts_core.use_cases.teams.list_invitations import ListInvitations
from accounts_core.use_cases.teams.list_team_invitations import ListTeamInvitations
from accounts_core.use_cases.teams.list_team_members import ListTeamMembers
from accounts_core.use_cases.teams.list_teams import ListTeams
from accounts_core.use_cases.teams.remove_team_member import RemoveTeamMember
from accounts_core.use_cases.teams.rename_team import RenameTeam
from accounts_core.use_cases.teams.resend_invitation import ResendInvitation
from accounts_core.use_cases.teams.revoke_invitation import RevokeInvitation
from accounts_core.use_cases.teams.write_interaction import WriteInteraction


class _UseCases(Generic[D]):
    # accounts
    @use_case
    def register(self) -> Register[D]: ...
    @use_case
    def request_account(self) -> RequestAccount[D]: ...
    @use_case
    def sign_in(self) -> SignIn[D]: ...

    sign_out = use_case(SignOut)

    @use_case
    def restore(self) -> Restore[D]: ...

    forgot_password = use_case(ForgotPassword)

    @use_case
    def reset_password(self) -> ResetPassword[D]: ...

    list_sessions = use_case(ListSessions)
    end_sessions = use_case(EndSessions)
    end_all_sessions = use_case(EndAllSessions)

    @use_case
    def authenticate(self) -> Authenticate[D]: ...
    @use_case
    def authenticate_with_payment_methods(self) -> AuthenticateWithPaymentMethods[D]: ...

    touch_session = use_case(TouchSession)

    @use_case
    def profile(self) -> ReadProfile[D]: ...
    @use_case
    def find_user(self) -> FindUser[D]: ...
    @use_case
    def update_profile(self) -> UpdateProfile[D]: ...
    @use_case
    def mark_email_verified(self) -> MarkEmailVerified[D]: ...
    @use_case
    def verify_email(self) -> VerifyEmail[D]: ...

    resend_verification = use_case(ResendVerification)

    @use_case
    def deactivate(self) -> Deactivate[D]: ...
    @use_case
    def reinstate(self) -> Reinstate[D]: ...
    @use_case
    def unlock_user(self) -> UnlockUser[D]: ...

    preview_deletion = use_case(PreviewDeletion)
    delete_user = use_case(DeleteUser)
    erase_user = use_case(EraseUser)
    export_personal_data = use_case(ExportPersonalData)
    stream_personal_data = streaming_use_case(StreamPersonalData)
    list_activity = use_case(ListActivity)
    run_idempotent = use_case(RunIdempotent)
    sign_up_idempotent = use_case(SignUpIdempotent)
    run_cleanup = use_case(RunCleanup)
    preview_cleanup = use_case(PreviewCleanup)
    repair_times = use_case(RepairTimes)

    # notifications
    list_notifications = use_case(ListNotifications)
    mark_notification_read = use_case(MarkNotificationRead)
    mark_all_notifications_read = use_case(MarkAllNotificationsRead)
    delete_notification = use_case(DeleteNotification)

    # cards
    verify_card = use_case(VerifyCard)
    list_verifications = use_case(ListVerifications)
    list_payment_methods = use_case(ListPaymentMethods)
    set_default_payment_method = use_case(SetDefaultPaymentMethod)
    remove_payment_method = use_case(RemovePaymentMethod)
    retrieve_customer = use_case(RetrieveCustomer)

    sync_customer = use_case(SyncCustomer)
    reconcile_cards = use_case(ReconcileCards)
    receive_provider_event = use_case(ReceiveProviderEvent)

    # the outbox, for workers and operators
    run_due = use_case(RunWorker)
    list_outbox = use_case(ListOutbox)
    list_overdue_jobs = use_case(ListOverdueJobs)
    retry_job = use_case(RetryJob)

    # teams
    create_team = use_case(CreateTeam)
    list_teams = use_case(ListTeams)
    get_team = use_case(GetTeam)
    rename_team = use_case(RenameTeam)
    delete_team = use_case(DeleteTeam)
    hand_over_team = use_case(HandOverTeam)
    list_team_members = use_case(ListTeamMembers)
    remove_team_member = use_case(RemoveTeamMember)
    invite_to_team = use_case(InviteToTeam)
    list_team_invitations = use_case(ListTeamInvitations)
    resend_invitation = use_case(ResendInvitation)
    revoke_invitation = use_case(RevokeInvitation)
    list_invitations = use_case(ListInvitations)
    accept_invitation = use_case(AcceptInvitation)
    decline_invitation = use_case(DeclineInvitation)
    list_interactions = use_case(ListInteractions)
    write_interaction = use_case(WriteInteraction)


@attrs.frozen(kw_only=True, slots=False, eq=False)
class Accounts(AsyncFacade[D, W], _UseCases[D]):
    """User accounts and their cards, for asynchronous applications.

        await accounts.register(email="jane@example.org", password="correct horse battery staple", name="Jane Doe")
        signed_in = await accounts.sign_in(email="jane@example.org", password="correct horse battery staple")
        caller = await accounts.authenticate(signed_in.token)
        await accounts.verify_card(caller.user.id, payment_method="pm_card_visa")

    `accounts_core/accounts.py` lists all of them by area. In annotations `Accounts[Customer]` are accounts whose users
    have a `Customer` as their profile data, and `Accounts` any.

    In addition to the errors in its own docstring, every method may raise three others of `accounts_core.errors`:

    - `Unavailable`, if the database, the password hasher or the rate limiter cannot be used at the moment;
    - `Conflict`, if concurrent transactions changed the same data, after up to ten attempts. In the application's own
      transaction there is one attempt: roll back and begin again;
    - `ConfigurationError`, if the application is configured wrongly, such as without the tables in the database.

    Args:
        store: The database. A store that takes part in the application's open transaction commits with it; use cases
            that must commit between provider calls raise `NeedsCommit` on it.
        payments: The payment provider.
        passwords: The password hasher.
        mailer: Sends mails.
        clock: The current time.
        secrets: The source of random bytes.
        policy: The product's settings; None means the defaults of `Policy`.
        limits: Counts attempts for rate limits. Without it the store's own rate limiter is used; None disables rate
            limits.
        owned_data: Data that the application stores about a user, for deletion and export.
        job_handlers: The handlers of the application's own outbox jobs, by topic.
        profile_type: The type of the application's profile data, which `User.profile` has (`accounts_profiles`). None
            means that users have none.
        mail_dispatch: Whether a call sends the mails that it causes (the default), or a worker does.

    Raises:
        ConfigurationError: An adapter blocks the thread, or no `limits` are given and the store has none.

    """


@attrs.frozen(kw_only=True, slots=False, eq=False)
class BlockingAccounts(BlockingFacade[D, W], _UseCases[D]):
    """User accounts and their cards, for applications without an event loop: `user = accounts.register(...)`.

    It takes the arguments of `Accounts`, but only adapters that never suspend. Its methods raise the same errors: in
    addition to those in its own docstring, every method may raise `Unavailable`, `Conflict` after the last attempt, and
    `ConfigurationError`. Its subclass `Suspended` means that an adapter awaited something that needs an event loop.

    Raises:
        ConfigurationError: An adapter needs an event loop, or no `limits` are given and the store has none.

    """
