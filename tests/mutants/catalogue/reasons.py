"""What comments and tables give a reason for: locks, spans of time, and what somebody else does meanwhile."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_LOCKS: Final = "use_cases/test_locks.py::test_nothing_of_a_user_or_a_team_is_written_without_its_lock"
_SPANS: Final = "use_cases/test_spans.py::test_a_span_is_over_at_its_end_and_not_before"
_UNDELIVERABLE: Final = "use_cases/test_undeliverable.py"
_MEANWHILE: Final = "use_cases/test_what_others_did_meanwhile.py"

REASONS: Final = (
    Mutant(
        name="an undeliverable mail in the trail of a user who is gone",
        at="accounts_core/outbox/worker.py::RunWorker._note",
        old="await work.users.get(undelivered.user_id, lock=True)",
        new="",
        check=core(f"{_UNDELIVERABLE}::test_nothing_is_written_about_a_user_who_was_deleted_meanwhile"),
    ),
    Mutant(
        name="an answer that came late is thrown away, and the request done twice",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent._claim",
        old="work.idempotency.release(record) if record.answer is None else work.idempotency.delete(record)",
        new="work.idempotency.delete(record)",
        check=core(
            "use_cases/test_run_idempotent.py::test_u17_an_answer_that_comes_while_its_claim_is_taken_over_is_given_and_not_thrown_away"
        ),
    ),
    Mutant(
        name="sessions that are ended without the user being locked",
        at="accounts_core/use_cases/sessions/end_sessions.py::EndSessions.__call__.attempt",
        old="work.users.get(session.user_id, lock=True)",
        new="work.users.get(session.user_id)",
        check=core(f"{_LOCKS}[end all other sessions]"),
    ),
    Mutant(
        name="a sign-out without the user being locked",
        at="accounts_core/use_cases/sessions/sign_out.py::SignOut.__call__.attempt",
        old="True",
        new="False",
        check=core(f"{_LOCKS}[sign out]"),
    ),
    Mutant(
        name="a deactivation without the user being locked",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate.__call__.attempt",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check=core(f"{_LOCKS}[deactivate]"),
    ),
    Mutant(
        name="a link that is confirmed without the user being locked",
        at="accounts_core/use_cases/identity/verify_email.py::_locked",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check=core(f"{_LOCKS}[confirm another address]"),
    ),
    Mutant(
        name="a token that is mailed without the user being locked",
        at="accounts_core/outbox/mail_jobs.py::MailJobs._mail_token.keep",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check=core(f"{_LOCKS}[sign up]"),
    ),
    Mutant(
        name="a default that is chosen without the user being locked",
        at="accounts_core/use_cases/cards/set_default_payment_method.py::SetDefaultPaymentMethod.__call__.attempt",
        old="await work.users.get(user_id, lock=True)",
        new="",
        check=core(f"{_LOCKS}[choose another default card]"),
    ),
    Mutant(
        name="a team that is written to without being locked",
        at="accounts_core/services/team_access.py::locked_for",
        old="work.teams.get(team_id, lock=True)",
        new="work.teams.get(team_id)",
        check=core(f"{_LOCKS}[invite somebody who has an account]"),
    ),
    Mutant(
        name="an invitation that is accepted without the team being locked",
        at="accounts_core/use_cases/teams/accept_invitation.py::AcceptInvitation.__call__.attempt",
        old="work.teams.get(team_id, lock=True)",
        new="work.teams.get(team_id)",
        check=core(f"{_LOCKS}[accept an invitation]"),
    ),
    Mutant(
        name="a link for a new password that lives a day",
        at="accounts_core/model/policy.py::MailPolicy",
        old="timedelta(minutes=10)",
        new="timedelta(days=1)",
        check=core(f"{_SPANS}[model.policy.MailPolicy.reset-at the end]"),
    ),
    Mutant(
        name="a recent sign-in that is recent for an hour",
        at="accounts_core/model/policy.py::Policy",
        old="timedelta(minutes=15)",
        new="timedelta(hours=1)",
        check=core(f"{_SPANS}[model.policy.Policy.reauthentication-at the end]"),
    ),
    Mutant(
        name="a challenge that is given up a moment too late",
        at="accounts_core/services/card_verifier.py::CardVerifier._ask_after_challenge",
        old="self._clock.now() < v.created_at + self._policy.challenge_limit",
        new="self._clock.now() <= v.created_at + self._policy.challenge_limit",
        check=core(f"{_SPANS}[model.policy.CardPolicy.challenge_limit-at the end]"),
    ),
    Mutant(
        name="a young hold of nobody's that is let go",
        at="accounts_core/use_cases/operations/reconcile_cards.py",
        old="timedelta(days=1)",
        new="timedelta(hours=1)",
        check=core(f"{_SPANS}[use_cases.operations.reconcile_cards.NOBODYS_AFTER-just before]"),
    ),
    Mutant(
        name="a mail that is counted while locks are held",
        at="accounts_core/services/inviter.py::Inviter.invite.attempt",
        old="may_mail",
        new="is_verified and await self._rate_limits.try_consume_mail(address)",
        check=core("use_cases/test_locks.py::test_nothing_slow_is_done_within_a_unit_of_work"),
    ),
    Mutant(
        name="an invitation that does not see its sender's verification",
        at="accounts_core/services/inviter.py::Inviter._invite",
        old="work.users.get(by, lock=True)",
        new="work.users.get(by)",
        check=core(f"{_LOCKS}[invite somebody who has an account]"),
    ),
    Mutant(
        name="a sign-up that loses its race in a host's transaction, and is told that the address is taken",
        at="accounts_core/use_cases/identity/register.py::Register.__call__",
        old="self._store.commits and isinstance(conflict.__cause__, EmailTaken)",
        new="isinstance(conflict.__cause__, EmailTaken)",
        check=core(
            f"{_MEANWHILE}::test_a_sign_up_that_loses_its_race_in_a_hosts_transaction_is_the_hosts_to_repeat[False-Conflict]"
        ),
    ),
    Mutant(
        name="a sign-up that was told that the address is taken, and opens an account without its link",
        at="accounts_core/use_cases/identity/register.py::Register._enter",
        old="False",
        new="True",
        check=core(
            "use_cases/test_verify_email.py::test_a_sign_up_that_was_told_that_the_address_is_taken_opens_no_account_without_its_link"
        ),
    ),
    Mutant(
        name="a sign-up that is sent twice, and refused because of itself",
        at="accounts_core/use_cases/identity/sign_up_idempotent.py::SignUpIdempotent.__call__.sign_up",
        old="await work.idempotency.find(scope) is not None",
        new="False",
        check=core(
            "use_cases/test_sign_up_idempotent.py::test_a_refusal_because_of_the_very_request_is_not_the_answer"
        ),
    ),
    Mutant(
        name="a customer that is not read because a challenge's user was deleted",
        at="accounts_core/services/customer_sync.py::SyncCustomer.__call__",
        old="NotFound",
        new="ZeroDivisionError",
        check=core(f"{_MEANWHILE}::test_a_customer_is_read_though_the_user_of_a_challenge_is_deleted_meanwhile"),
    ),
    Mutant(
        name="a default that stands in the way of the next",
        at="accounts_core/services/outbox_writer.py::OutboxWriter.enqueue_default",
        old="await work.outbox.delete(job.id)",
        new="",
        check=core(f"{_MEANWHILE}::test_a_default_that_was_not_told_yet_is_replaced_by_the_next"),
    ),
    Mutant(
        name="an effect in a host's transaction that is done before the commit",
        at="accounts_core/services/outbox_writer.py::OutboxWriter.dispatch_now",
        old="not self._store.commits",
        new="False",
        check=core("use_cases/test_run_idempotent.py::test_effects_outside_wait_for_the_worker"),
    ),
    Mutant(
        name="an effect in a host's transaction that nobody does for a minute",
        at="accounts_core/services/outbox_writer.py::OutboxWriter.job",
        old="not self._store.commits",
        new="False",
        check=core("use_cases/test_run_idempotent.py::test_effects_outside_wait_for_the_worker"),
    ),
    Mutant(
        name="reconciling that breaks off where somebody changes a user",
        at="accounts_core/services/repairs.py::Repairs.by_job",
        old="(NotFound, Conflict)",
        new="NotFound",
        check=core(f"{_MEANWHILE}::test_a_user_who_is_being_changed_is_left_alone_by_reconciling"),
    ),
    Mutant(
        name="a customer that is nobody's because somebody else moved the verification",
        at="accounts_core/services/card_verifier.py::CardVerifier._find_customer",
        old="stored is None or stored.version != v.version",
        new="False",
        check=core(
            f"{_MEANWHILE}::test_a_customer_that_was_made_is_the_users_whoever_moved_the_verification_meanwhile"
        ),
    ),
    Mutant(
        name="signing out after a deletion as an error",
        at="accounts_core/use_cases/sessions/sign_out.py::SignOut.__call__.attempt",
        old="NotFound",
        new="ZeroDivisionError",
        check=core(f"{_MEANWHILE}::test_signing_out_of_an_account_that_was_deleted_is_no_error"),
    ),
    Mutant(
        name="a change of the future that holds mails back",
        at="accounts_core/outbox/mail_jobs.py::MailJobs._mail_token.keep",
        old="changed is not None and job.created_at < changed and (not is_ahead(changed, now=now))",
        new="changed is not None and job.created_at < changed",
        check=core(f"{_MEANWHILE}::test_a_password_that_changed_in_the_future_holds_no_mail_back"),
    ),
    Mutant(
        name="a mail to an address that the user had a moment ago",
        at="accounts_core/outbox/mail_jobs.py::MailJobs._mail_token.keep",
        old="is_older or not is_theirs",
        new="is_older",
        check=core(f"{_MEANWHILE}::test_a_mail_to_an_address_that_changed_meanwhile_is_not_sent"),
    ),
    Mutant(
        name="a withdrawn invitation whose mail is parked",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old=("if view is None:\n    return"),
        new=('if view is None:\n    raise NotFound("invitation")'),
        check=core(f"{_MEANWHILE}::test_an_invitation_that_was_withdrawn_is_not_mailed"),
    ),
    Mutant(
        name="a sign-up that came to its end, and is kept for a week",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs._enter",
        old="await work.sign_ups.delete(sign_up.id)",
        new="",
        check=core(f"{_MEANWHILE}::test_a_sign_up_that_came_to_its_end_is_kept_nowhere"),
    ),
    Mutant(
        name="a card of a user who was deleted meanwhile, and a 404",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard.__call__",
        old="NotFound",
        new="ZeroDivisionError",
        check=core(f"{_MEANWHILE}::test_whoever_is_deleted_while_their_card_is_verified_has_a_dead_token"),
    ),
    Mutant(
        name="a job that ended with what it was for, and ends the worker's round",
        at="accounts_core/outbox/worker.py::RunWorker._run",
        old="LeaseLost",
        new="ZeroDivisionError",
        check=core("use_cases/test_worker.py::test_what_is_done_under_a_lost_lease_is_not_recorded[None]"),
    ),
    Mutant(
        name="an entry of an undeliverable mail that outlives a deletion's redaction",
        at="accounts_core/outbox/worker.py::RunWorker._note",
        old="work.users.get(undelivered.user_id, lock=True)",
        new="work.users.get(undelivered.user_id)",
        check=core(f"{_LOCKS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="a challenge that a worker looks at again an hour too late",
        at="accounts_core/outbox/handlers.py::JobHandlers._verify",
        old="self._policy.challenge_limit",
        new="self._policy.challenge_limit * 2",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_challenge_that_nobody_answers_is_given_up_and_its_hold_cancelled"
        ),
    ),
)
