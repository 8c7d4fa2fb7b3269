"""One set of ports, and the parts of use cases that several share, made of it."""

from collections.abc import Mapping
from typing import Any, Self

import attrs

from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.limits import Limits
from accounts_core.ports.notifier import Notifier
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.authenticate import Authenticate
from accounts_core.use_cases.card_verifier import CardVerifier
from accounts_core.use_cases.credentials import Credentials, Proofs, SessionOpener
from accounts_core.use_cases.customer_removal import CustomerRemoval
from accounts_core.use_cases.delete_user import EraseUser, PreviewDeletion
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.mailing import Mailer
from accounts_core.use_cases.once import CountOnce, HashOnce
from accounts_core.use_cases.outbox import BringBackJobs, JobHandler, Jobs, RunDue
from accounts_core.use_cases.recovery import MailedTokens
from accounts_core.use_cases.register import Applicants
from accounts_core.use_cases.repair_times import RepairTimes
from accounts_core.use_cases.sync_customer import SyncCustomer
from accounts_core.use_cases.teams.invitations import Inviter
from accounts_core.use_cases.verify_email import EmailVerifier


@attrs.frozen(kw_only=True)
class Wiring:
    """What every use case is built of."""

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

    def for_one_request(self) -> Self:
        """Return the same with ports that hash a password once, and count an attempt once."""
        limits = None if self.limits is None else CountOnce(self.limits)
        return attrs.evolve(self, passwords=HashOnce(self.passwords), limits=limits)

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.limits, self.clock, self.policy)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.store, self.passwords, self.policy)

    @property
    def proofs(self) -> Proofs:
        return Proofs(self.passwords, self.attempts)

    @property
    def sessions(self) -> SessionOpener:
        return SessionOpener(self.clock, self.secrets, self.policy)

    @property
    def applicants(self) -> Applicants:
        return Applicants(self.passwords, self.attempts, self.policy, self.effects, self.clock)

    @property
    def mailed_tokens(self) -> MailedTokens:
        return MailedTokens(self.clock, self.attempts)

    @property
    def email_verifier(self) -> EmailVerifier:
        return EmailVerifier(self.store, self.effects, self.attempts, self.clock, self.policy)

    @property
    def effects(self) -> Effects:
        mailer = Mailer(self.store, self.notifier, self.clock, self.secrets, self.policy, self.attempts)
        return Effects(self.store, self.payments, mailer, self.customer_removal, self.clock, self.secrets)

    @property
    def customer_removal(self) -> CustomerRemoval:
        return CustomerRemoval(self.store, self.payments, self.policy.customer_deletion)

    @property
    def authenticate(self) -> Authenticate:
        return Authenticate(self.store, self.clock, self.policy)

    @property
    def card_verifier(self) -> CardVerifier:
        return CardVerifier(self.store, self.payments, self.effects, self.clock, self.policy.cards, self.attempts)

    @property
    def sync_customer(self) -> SyncCustomer:
        return SyncCustomer(self.store, self.payments, self.card_verifier, self.effects, self.clock)

    @property
    def inviter(self) -> Inviter:
        return Inviter(self.store, self.effects, self.attempts, self.clock, self.policy)

    @property
    def run_due(self) -> RunDue:
        jobs = Jobs(
            self.effects, self.card_verifier, self.sync_customer, self.inviter, self.policy.cards, self.job_handlers
        )
        return RunDue(self.store, jobs, self.clock, self.secrets, self.effects, self.bring_back_jobs)

    @property
    def bring_back_jobs(self) -> BringBackJobs:
        return BringBackJobs(self.store, self.clock, self.policy.cards)

    @property
    def repair_times(self) -> RepairTimes:
        return RepairTimes(self.store, self.clock, self.policy, self.bring_back_jobs)

    @property
    def preview_deletion(self) -> PreviewDeletion[Any]:
        return PreviewDeletion(self.store, self.customer_removal, self.owned_data)

    @property
    def erase_user(self) -> EraseUser[Any]:
        return EraseUser(
            self.store, self.preview_deletion, self.customer_removal, self.owned_data, self.effects, self.clock
        )
