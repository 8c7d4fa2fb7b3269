"""What holds once the worker has nothing left to do, whatever happened before: a sentence and a function each."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

import attrs

from accounts_core import run_sync
from accounts_core.errors import InvalidToken
from accounts_core.model import Customer, Password, Policy, ProviderPaymentMethod, User
from accounts_core.model.drift import Kind
from accounts_core.model.tokens import MAILED, digest_of
from accounts_core.model.verification import State
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.cards.verify_card import VerificationResult
from accounts_memory import MemoryGateway

from .contents import Contents, contents
from .environment import PASSWORD, Core, Environment
from .scenarios.accounts import MOST_GUESSES, NEVER, ONCE

LONGEST_RECOVERY: Final = timedelta(days=2)
"""Well before a hold would lapse by itself, after 7 days: it has to be us who let it go."""


@attrs.frozen
class Outcome:
    """An environment, and what is stored in it."""

    env: Environment
    stored: Contents

    @property
    def gateway(self) -> MemoryGateway:
        return self.env.gateway

    @property
    def attached(self) -> list[ProviderPaymentMethod]:
        """Every card that any customer has at the provider."""
        return [card for card in self.gateway._provider._cards.values() if card.customer_id is not None]

    @property
    def customers(self) -> dict[str, Customer]:
        """The port finds a user's oldest customer only, and the question is whether there is another one."""
        return self.gateway._provider._customers

    def billed(self) -> Iterator[tuple[User, Customer | None]]:
        for user in self.stored.users.values():
            yield user, self.customers.get(user.customer_id or "")


# ---- money


def no_hold_is_open(at: Outcome) -> None:
    assert at.gateway.open_holds() == []


def every_hold_was_cancelled_and_none_captured(at: Outcome) -> None:
    assert all(hold.status is HoldStatus.RELEASED for hold in at.gateway.holds.values())


def recovery_does_not_wait_for_holds_to_lapse(at: Outcome) -> None:
    assert at.env.clock.now() - at.env.notes.get("began", NOON) < LONGEST_RECOVERY


def an_attempt_makes_one_hold_at_most(at: Outcome) -> None:
    counted = Counter(hold.verification_id for hold in at.gateway.holds.values())
    assert all(count == 1 for count in counted.values()), counted


# ---- cards


def no_verification_is_open(at: Outcome) -> None:
    mine = [each for of in at.stored.verifications.values() for each in of if each.is_open]
    assert [*mine, *at.stored.orphaned] == []


def every_verified_card_is_attached_and_its_hold_released(at: Outcome) -> None:
    attached = {card.id for card in at.attached}
    released = {hold.payment_method for hold in at.gateway.holds.values() if hold.status is HoldStatus.RELEASED}
    for cards in at.stored.cards.values():
        for card in cards:
            assert card.id in attached
            assert card.id in released


def every_card_comes_from_a_verification_that_ended_well(at: Outcome) -> None:
    for user_id, cards in at.stored.cards.items():
        verified = {each.payment_method for each in at.stored.verifications[user_id] if each.state is State.VERIFIED}
        assert {card.id for card in cards} <= verified


def no_card_is_kept_that_the_bank_refused(at: Outcome) -> None:
    refused = {hold.verification_id for hold in at.gateway.holds.values() if hold.code is not None}
    for each in at.stored.verifications.values():
        assert refused.isdisjoint(verification.id for verification in each if verification.state is State.VERIFIED)


def a_verification_ends_once(at: Outcome) -> None:
    told = Counter((entry.user_id, entry.action) for entry in at.stored.audit)
    for user_id, of in at.stored.verifications.items():
        verified = sum(each.state is State.VERIFIED for each in of)
        rejected = sum(not each.is_open for each in of) - verified
        assert told[user_id, "card_verified"] == verified
        assert told[user_id, "card_rejected"] == rejected


def where_there_are_cards_exactly_one_is_the_default(at: Outcome) -> None:
    for cards in at.stored.cards.values():
        assert sum(card.is_default for card in cards) == (1 if len(cards) else 0)


def no_physical_card_is_there_twice(at: Outcome) -> None:
    for cards in at.stored.cards.values():
        fingerprints = [card.card.fingerprint for card in cards]
        assert len(fingerprints) == len(set(fingerprints))


def the_list_is_the_providers(at: Outcome) -> None:
    ours = {repr((card.id, card.card)) for cards in at.stored.cards.values() for card in cards}
    assert ours == {repr((card.id, card.card)) for card in at.attached}


def the_default_is_the_providers(at: Outcome) -> None:
    for user, customer in at.billed():
        default = at.stored.cards[user.id].default
        theirs = None if customer is None else customer.default_payment_method
        if theirs not in at.gateway._provider._others:
            assert (None if default is None else default.id) == theirs


def a_default_that_is_managed_elsewhere_stays(at: Outcome) -> None:
    customer = at.customers.get(at.env.notes.get("elsewhere", ""))
    if customer is not None:
        assert customer.default_payment_method in at.gateway._provider._others


def name_and_address_are_the_providers(at: Outcome) -> None:
    for user, customer in at.billed():
        if customer is not None:
            assert (customer.name, customer.email) == (user.name, user.email.address)


def a_user_has_one_customer_at_most_and_a_deleted_one_none(at: Outcome) -> None:
    known = {user.customer_id for user in at.stored.users.values() if user.customer_id is not None}
    assert {customer.id for customer in at.customers.values() if customer.user_ref is not None} == known


def a_customer_that_is_kept_has_nothing_personal_and_no_cards(at: Outcome) -> None:
    kept = [customer for customer in at.customers.values() if customer.user_ref is None]
    assert all((customer.name, customer.email) == (None, None) for customer in kept)
    assert {customer.id for customer in kept}.isdisjoint(card.customer_id for card in at.attached)


def who_was_told_that_a_card_is_verified_was_told_the_truth(at: Outcome) -> None:
    if "jane" not in at.env.notes or at.env.jane.id not in at.stored.users:
        return
    ended_well = [each for each in at.stored.verifications[at.env.jane.id] if each.state is State.VERIFIED]
    told = {each.payment_method for each in at.env.notes["told"] if isinstance(each, VerificationResult)}
    assert told <= {each.payment_method for each in ended_well}


def reconciling_finds_nothing_to_repair(at: Outcome) -> None:
    found = at.env.do(lambda accounts: accounts.reconcile_cards(dry_run=True))
    assert [drift for drift in found.drifts if drift.kind is not Kind.DEFAULT_ELSEWHERE] == []
    assert found.stopped_by is None


# ---- the outbox


def nothing_is_left_to_do_and_nothing_parked(at: Outcome) -> None:
    assert at.stored.jobs == []


def what_happened_is_told_in_the_same_words_however_often(at: Outcome) -> None:
    said: dict[str, object] = {}
    for notice in at.env.mailer.delivered:
        if "happened_at" in notice.values:
            # the language is the person's at each delivery, and a deleted person has none
            facts = (notice.to, notice.kind, notice.values)
            assert said.setdefault(notice.id, facts) == facts, notice.id


# ---- identity


def an_address_belongs_to_one_user(at: Outcome) -> None:
    counted = Counter(user.email.key for user in at.stored.users.values())
    assert all(count == 1 for count in counted.values()), counted


def who_is_deactivated_has_no_session(at: Outcome) -> None:
    for user in at.stored.users.values():
        if not user.is_active:
            assert at.stored.sessions[user.id] == []


def a_token_that_was_mailed_before_dies_with_a_deactivation_or_a_new_password(at: Outcome) -> None:
    if "token" not in at.env.notes or at.env.jane.id not in at.stored.users:
        return
    jane = at.stored.users[at.env.jane.id]
    if not jane.is_active or _has_another_password(at, jane):
        assert run_sync(_mail_token(at.env, at.env.notes["token"])) is None


def no_session_is_older_than_the_last_reset(at: Outcome) -> None:
    for entry in at.stored.audit:
        if entry.action == "password_changed" and entry.details.get("is_reset"):
            for session in at.stored.sessions.get(entry.user_id, []):
                assert session.created_at >= entry.at


def one_session_at_most_is_older_than_the_password(at: Outcome) -> None:
    for user in at.stored.users.values():
        if user.password_changed_at is not None:
            older = [each for each in at.stored.sessions[user.id] if each.created_at < user.password_changed_at]
            assert len(older) <= 1


def the_old_password_works_until_it_is_written_down_that_there_is_another(at: Outcome) -> None:
    for user_id in at.env.notes.get("known", ()):
        user = at.stored.users.get(user_id)
        if user is not None:
            works = run_sync(at.env.hasher.verify(user.password_hash, Password(PASSWORD)))
            assert works != _has_another_password(at, user)


def _has_another_password(at: Outcome, user: User) -> bool:
    return any(entry.user_id == user.id and entry.action == "password_changed" for entry in at.stored.audit)


async def _mail_token(env: Environment, token: str) -> object:
    async with env.backend.store.begin() as work:
        return await work.mail_tokens.find(digest_of(token, prefix=MAILED))


# ---- sessions


def nobody_has_more_sessions_than_allowed_and_none_lives_longer(at: Outcome) -> None:
    policy = Policy().sessions
    for sessions in at.stored.sessions.values():
        assert len(sessions) <= policy.most
        for session in sessions:
            assert session.expires_at - session.created_at <= policy.lifetime


def a_token_works_exactly_when_its_session_is_there_and_alive(at: Outcome) -> None:
    for name in ("here", "there"):
        if name not in at.env.notes:
            continue
        signed_in = at.env.notes[name]
        there = {each.id: each for each in at.stored.sessions.get(signed_in.user.id, [])}
        session = there.get(signed_in.session.id)
        lives = session is not None and session.is_live(now=at.env.clock.now(), policy=Policy().sessions)
        try:
            at.env.do(partial(_authenticate, signed_in.token))
            works = True
        except InvalidToken:
            works = False
        assert works == (lives and at.stored.users[signed_in.user.id].is_active)


async def _authenticate(token: str, accounts: Core) -> object:
    return await accounts.authenticate(token)


# ---- deletion


def nothing_is_left_of_a_deleted_user(at: Outcome) -> None:
    for user_id in at.env.notes.get("known", ()):
        if user_id not in at.stored.users:
            assert at.env.backend.rows_of(user_id) == {}
            assert all(entry.details == {} for entry in at.stored.audit if entry.user_id == user_id)


def nobody_invites_whoever_is_gone(at: Outcome) -> None:
    gone = [each for each in (at.env.notes.get("jane"), at.env.notes.get("john")) if each is not None]
    addresses = {user.email for user in gone if user.id not in at.stored.users}
    assert addresses.isdisjoint(invitation.email for invitation in at.stored.invitations)


def what_was_written_among_others_is_not_lost(at: Outcome) -> None:
    """In a team that is there still, everything is there that the two wrote when it was founded."""
    for name in ("team", "other_team"):
        team = at.env.notes.get(name)
        if team is None or team.id not in at.stored.teams or "other_team" not in at.env.notes:
            continue
        written = {view.interaction.body: view.author for view in at.stored.teams[team.id][2]}
        assert {"By jane.", "By john."} <= set(written)
        for author in ("jane", "john"):
            is_known = written[f"By {author}."] is not None
            assert is_known == (at.env.notes[author].id in at.stored.users)


# ---- requests with a key


def what_comes_with_a_key_is_done_once_and_what_is_refused_never(at: Outcome) -> None:
    for _, _, written in at.stored.teams.values():
        said = Counter(view.interaction.body for view in written)
        assert said[ONCE] <= 1
        assert said[NEVER] == 0


# ---- limits


def no_more_guesses_are_evaluated_than_the_limit_lets(at: Outcome) -> None:
    assert at.env.notes.get("evaluated", 0) <= MOST_GUESSES


INVARIANTS: Final[tuple[Callable[[Outcome], None], ...]] = (
    no_hold_is_open,
    every_hold_was_cancelled_and_none_captured,
    recovery_does_not_wait_for_holds_to_lapse,
    an_attempt_makes_one_hold_at_most,
    no_verification_is_open,
    every_verified_card_is_attached_and_its_hold_released,
    every_card_comes_from_a_verification_that_ended_well,
    no_card_is_kept_that_the_bank_refused,
    a_verification_ends_once,
    where_there_are_cards_exactly_one_is_the_default,
    no_physical_card_is_there_twice,
    the_list_is_the_providers,
    the_default_is_the_providers,
    a_default_that_is_managed_elsewhere_stays,
    a_customer_that_is_kept_has_nothing_personal_and_no_cards,
    name_and_address_are_the_providers,
    a_user_has_one_customer_at_most_and_a_deleted_one_none,
    who_was_told_that_a_card_is_verified_was_told_the_truth,
    reconciling_finds_nothing_to_repair,
    nothing_is_left_to_do_and_nothing_parked,
    what_happened_is_told_in_the_same_words_however_often,
    an_address_belongs_to_one_user,
    who_is_deactivated_has_no_session,
    a_token_that_was_mailed_before_dies_with_a_deactivation_or_a_new_password,
    no_session_is_older_than_the_last_reset,
    one_session_at_most_is_older_than_the_password,
    the_old_password_works_until_it_is_written_down_that_there_is_another,
    nobody_has_more_sessions_than_allowed_and_none_lives_longer,
    a_token_works_exactly_when_its_session_is_there_and_alive,
    nothing_is_left_of_a_deleted_user,
    nobody_invites_whoever_is_gone,
    what_was_written_among_others_is_not_lost,
    what_comes_with_a_key_is_done_once_and_what_is_refused_never,
    no_more_guesses_are_evaluated_than_the_limit_lets,
)


def violations(env: Environment, invariants: tuple[Callable[[Outcome], None], ...] = INVARIANTS) -> list[str]:
    """Return the invariants that do not hold, as sentences."""
    at = Outcome(env, contents(env))
    found = []
    for invariant in invariants:
        try:
            invariant(at)
        except AssertionError as error:
            found.append(f"not so: {invariant.__name__.replace('_', ' ')}. {error}".strip())
    return found
