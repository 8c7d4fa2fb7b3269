"""What comments and tables give a reason for: locks, spans of time, and what somebody else does meanwhile."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_LOCKS: Final = "use_cases/test_locks.py::test_nothing_of_a_user_or_a_team_is_written_without_its_lock"
_SPANS: Final = "use_cases/test_spans.py::test_a_span_is_over_at_its_end_and_not_before"
_UNDELIVERABLE: Final = "use_cases/test_undeliverable.py"
_MEANWHILE: Final = "use_cases/test_what_others_did_meanwhile.py"
_USE_CASES: Final = "accounts_core/use_cases"

REASONS: Final = (
    Mutant(
        name="an undeliverable mail in the trail of a user who is gone",
        file=f"{_USE_CASES}/outbox.py",
        old="            await work.users.get(undelivered.user_id, lock=True)\n            work.record",
        new="            work.record",
        check=core(f"{_UNDELIVERABLE}::test_nothing_is_written_about_a_user_who_was_deleted_meanwhile"),
    ),
    Mutant(
        name="an answer that came late is thrown away, and the request done twice",
        file=f"{_USE_CASES}/perform_once.py",
        old="await (work.kept_requests.let_go(known) if known.answer is None else work.kept_requests.remove(known))",
        new="await work.kept_requests.remove(known)",
        check=core(
            "use_cases/test_perform_once.py::test_u17_an_answer_that_comes_while_its_claim_is_taken_over_is_given_and_not_thrown_away"
        ),
    ),
    Mutant(
        name="sessions that are ended without the user being locked",
        file=f"{_USE_CASES}/sessions.py",
        old="                await work.users.get(session.user_id, lock=True)\n",
        new="                await work.users.get(session.user_id)\n",
        check=core(f"{_LOCKS}[end all other sessions]"),
    ),
    Mutant(
        name="a sign-out without the user being locked",
        file=f"{_USE_CASES}/sign_out.py",
        old="lock=True)",
        new="lock=False)",
        check=core(f"{_LOCKS}[sign out]"),
    ),
    Mutant(
        name="a deactivation without the user being locked",
        file=f"{_USE_CASES}/deactivate.py",
        old="(await work.users.get(user_id, lock=True)).deactivate",
        new="(await work.users.get(user_id)).deactivate",
        check=core(f"{_LOCKS}[deactivate]"),
    ),
    Mutant(
        name="a link that is confirmed without the user being locked",
        file=f"{_USE_CASES}/confirm_email.py",
        old="return await work.users.get(user_id, lock=True)",
        new="return await work.users.get(user_id)",
        check=core(f"{_LOCKS}[confirm another address]"),
    ),
    Mutant(
        name="a token that is mailed without the user being locked",
        file=f"{_USE_CASES}/mailing.py",
        old="user = await work.users.get(user_id, lock=True)\n                except",
        new="user = await work.users.get(user_id)\n                except",
        check=core(f"{_LOCKS}[sign up]"),
    ),
    Mutant(
        name="a default that is chosen without the user being locked",
        file=f"{_USE_CASES}/payment_methods.py",
        old="                await work.users.get(user_id, lock=True)\n                before = ",
        new="                before = ",
        check=core(f"{_LOCKS}[choose another default card]"),
    ),
    Mutant(
        name="a team that is written to without being locked",
        file=f"{_USE_CASES}/teams/membership.py",
        old="team = await work.teams.get(team_id, lock=True)",
        new="team = await work.teams.get(team_id)",
        check=core(f"{_LOCKS}[invite somebody who has an account]"),
    ),
    Mutant(
        name="an invitation that is accepted without the team being locked",
        file=f"{_USE_CASES}/teams/invitations.py",
        old="                team = await work.teams.get(team_id, lock=True)\n",
        new="                team = await work.teams.get(team_id)\n",
        check=core(f"{_LOCKS}[accept an invitation]"),
    ),
    Mutant(
        name="a link for a new password that lives a day",
        file="accounts_core/model/policy.py",
        old="reset: timedelta = attrs.field(default=timedelta(minutes=10)",
        new="reset: timedelta = attrs.field(default=timedelta(days=1)",
        check=core(f"{_SPANS}[model.policy.MailPolicy.reset-at the end]"),
    ),
    Mutant(
        name="a recent sign-in that is recent for an hour",
        file="accounts_core/model/policy.py",
        old="timedelta(minutes=15), validator=_not_negative",
        new="timedelta(hours=1), validator=_not_negative",
        check=core(f"{_SPANS}[model.policy.Policy.reauthentication-at the end]"),
    ),
    Mutant(
        name="a challenge that is given up a moment too late",
        file=f"{_USE_CASES}/card_verifier.py",
        old="if self._clock.now() < v.created_at + self._policy.challenge_limit:",
        new="if self._clock.now() <= v.created_at + self._policy.challenge_limit:",
        check=core(f"{_SPANS}[model.policy.CardPolicy.challenge_limit-at the end]"),
    ),
    Mutant(
        name="a young hold of nobody's that is let go",
        file=f"{_USE_CASES}/reconcile_cards.py",
        old="NOBODYS_AFTER: Final = timedelta(days=1)",
        new="NOBODYS_AFTER: Final = timedelta(hours=1)",
        check=core(f"{_SPANS}[use_cases.reconcile_cards.NOBODYS_AFTER-just before]"),
    ),
    Mutant(
        name="a mail that is counted while locks are held",
        file=f"{_USE_CASES}/teams/invitations.py",
        old="address, may_mail=may_mail)\n\n        await settle",
        new="address, may_mail=is_verified and await self._attempts.may_mail(address))\n\n        await settle",
        check=core("use_cases/test_locks.py::test_nothing_slow_is_done_within_a_unit_of_work"),
    ),
    Mutant(
        name="an invitation that does not see its sender's verification",
        file=f"{_USE_CASES}/teams/invitations.py",
        old="sender = await work.users.get(by, lock=True)",
        new="sender = await work.users.get(by)",
        check=core(f"{_LOCKS}[invite somebody who has an account]"),
    ),
    Mutant(
        name="a sign-up that loses its race in a host's transaction, and is told that the address is taken",
        file=f"{_USE_CASES}/register.py",
        old="            if self._store.commits and isinstance(conflict",
        new="            if isinstance(conflict",
        check=core(
            f"{_MEANWHILE}::test_a_sign_up_that_loses_its_race_in_a_hosts_transaction_is_the_hosts_to_repeat[False-Conflict]"
        ),
    ),
    Mutant(
        name="a sign-up that was told that the address is taken, and opens an account without its link",
        file=f"{_USE_CASES}/register.py",
        old="enqueue(work, applicant, opens=False)",
        new="enqueue(work, applicant, opens=True)",
        check=core(
            "use_cases/test_confirm_email.py::test_a_sign_up_that_was_told_that_the_address_is_taken_opens_no_account_without_its_link"
        ),
    ),
    Mutant(
        name="a sign-up that is sent twice, and refused because of itself",
        file=f"{_USE_CASES}/sign_up_once.py",
        old="                    if await work.kept_requests.find(scope) is not None:\n",
        new="                    if False:\n",
        check=core("use_cases/test_sign_up_once.py::test_a_refusal_because_of_the_very_request_is_not_the_answer"),
    ),
    Mutant(
        name="a customer that is not read because a challenge's user was deleted",
        file=f"{_USE_CASES}/sync_customer.py",
        old="                with suppress(NotFound):",
        new="                with suppress(ZeroDivisionError):",
        check=core(f"{_MEANWHILE}::test_a_customer_is_read_though_the_user_of_a_challenge_is_deleted_meanwhile"),
    ),
    Mutant(
        name="a default that stands in the way of the next",
        file=f"{_USE_CASES}/effects.py",
        old="        await work.outbox.remove(job.id)  # what it would have done, this one does\n",
        new="",
        check=core(f"{_MEANWHILE}::test_a_default_that_was_not_told_yet_is_replaced_by_the_next"),
    ),
    Mutant(
        name="an effect in a host's transaction that is done before the commit",
        file=f"{_USE_CASES}/effects.py",
        old="        if not self._store.commits:\n            return  # nothing",
        new="        if False:\n            return  # nothing",
        check=core("use_cases/test_perform_once.py::test_effects_outside_wait_for_the_worker"),
    ),
    Mutant(
        name="an effect in a host's transaction that nobody does for a minute",
        file=f"{_USE_CASES}/effects.py",
        old="        if not self._store.commits:\n            return Job(",
        new="        if False:\n            return Job(",
        check=core("use_cases/test_perform_once.py::test_effects_outside_wait_for_the_worker"),
    ),
    Mutant(
        name="reconciling that breaks off where somebody changes a user",
        file=f"{_USE_CASES}/repairs.py",
        old="        except (NotFound, Conflict):\n            return",
        new="        except NotFound:\n            return",
        check=core(f"{_MEANWHILE}::test_a_user_who_is_being_changed_is_left_alone_by_reconciling"),
    ),
    Mutant(
        name="a customer that is nobody's because somebody else moved the verification",
        file=f"{_USE_CASES}/card_verifier.py",
        old="is_moved = stored is None or stored.version != v.version",
        new="is_moved = False",
        check=core(
            f"{_MEANWHILE}::test_a_customer_that_was_made_is_the_users_whoever_moved_the_verification_meanwhile"
        ),
    ),
    Mutant(
        name="signing out after a deletion as an error",
        file=f"{_USE_CASES}/sign_out.py",
        old="                with suppress(NotFound):",
        new="                with suppress(ZeroDivisionError):",
        check=core(f"{_MEANWHILE}::test_signing_out_of_an_account_that_was_deleted_is_no_error"),
    ),
    Mutant(
        name="a change of the future that holds mails back",
        file=f"{_USE_CASES}/mailing.py",
        old="job.created_at < changed and not is_ahead(changed, now=now)",
        new="job.created_at < changed",
        check=core(f"{_MEANWHILE}::test_a_password_that_changed_in_the_future_holds_no_mail_back"),
    ),
    Mutant(
        name="a mail to an address that the user had a moment ago",
        file=f"{_USE_CASES}/mailing.py",
        old="                if is_older or not is_theirs:",
        new="                if is_older:",
        check=core(f"{_MEANWHILE}::test_a_mail_to_an_address_that_changed_meanwhile_is_not_sent"),
    ),
    Mutant(
        name="a withdrawn invitation whose mail is parked",
        file=f"{_USE_CASES}/mailing.py",
        old="            if view is None:\n                return  # accepted",
        new='            if view is None:\n                raise NotFound("invitation")  # accepted',
        check=core(f"{_MEANWHILE}::test_an_invitation_that_was_withdrawn_is_not_mailed"),
    ),
    Mutant(
        name="a sign-up that came to its end, and is kept for a week",
        file=f"{_USE_CASES}/mailing.py",
        old="            await work.sign_ups.delete(sign_up.id)\n",
        new="            pass\n",
        check=core(f"{_MEANWHILE}::test_a_sign_up_that_came_to_its_end_is_kept_nowhere"),
    ),
    Mutant(
        name="a card of a user who was deleted meanwhile, and a 404",
        file=f"{_USE_CASES}/verify_card.py",
        old="        except NotFound:  # gone with its user",
        new="        except ZeroDivisionError:  # gone with its user",
        check=core(f"{_MEANWHILE}::test_whoever_is_deleted_while_their_card_is_verified_has_a_dead_token"),
    ),
    Mutant(
        name="a job that ended with what it was for, and ends the worker's round",
        file=f"{_USE_CASES}/outbox.py",
        old="        with suppress(LeaseLost):  #",
        new="        with suppress(ZeroDivisionError):  #",
        check=core("use_cases/test_worker.py::test_what_is_done_under_a_lost_lease_is_not_recorded[None]"),
    ),
    Mutant(
        name="an entry of an undeliverable mail that outlives a deletion's redaction",
        file=f"{_USE_CASES}/outbox.py",
        old="get(undelivered.user_id, lock=True)",
        new="get(undelivered.user_id)",
        check=core(f"{_LOCKS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="a challenge that a worker looks at again an hour too late",
        file=f"{_USE_CASES}/outbox.py",
        old="self._policy.challenge_limit if verification.is_open else None",
        new="self._policy.challenge_limit * 2 if verification.is_open else None",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_challenge_that_nobody_answers_is_given_up_and_its_hold_cancelled"
        ),
    ),
)
