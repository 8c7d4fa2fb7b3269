"""Every cell of the transition table, and what must hold of the table as a whole."""

from datetime import timedelta

import pytest

from accounts_core.errors import IllegalTransition
from accounts_core.model.verification import OPEN_STATES, TAKEOVER_AFTER, TRANSITIONS, Event, State
from accounts_core.testing.builders import NOON, a_verification

LATER = NOON + timedelta(seconds=1)
ENDS = {State.VERIFIED, State.DECLINED, State.FAILED, State.ABANDONED, State.LAPSED}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_each_cell_leads_where_the_table_says_and_no_other_leads_anywhere(state: State, event: Event) -> None:
    before = a_verification(state=state)

    if (state, event) in TRANSITIONS:
        after = before.on(event, at=LATER)

        assert after.state is TRANSITIONS[state, event]
        assert after.updated_at == LATER
    else:
        with pytest.raises(IllegalTransition):
            before.on(event, at=LATER)


def test_exactly_the_ends_lead_nowhere() -> None:
    assert set(State) - ENDS == OPEN_STATES


def test_every_end_can_be_reached_and_every_state_leads_to_an_end() -> None:
    reached, ending = {State.REQUESTED}, set(ENDS)
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
        ending |= {before for (before, _), after in TRANSITIONS.items() if after in ending}

    assert reached == set(State)
    assert ending == set(State)


def test_a_card_is_verified_only_on_the_way_through_a_released_hold() -> None:
    into = {after: {before for (before, _), to in TRANSITIONS.items() if to is after} for after in State}

    assert into[State.VERIFIED] == {State.ATTACHED}
    assert into[State.ATTACHED] == {State.RELEASED}
    assert into[State.RELEASED] == {State.RELEASING}


@pytest.mark.parametrize("state", [State.HOLDING, State.REQUIRES_ACTION, State.HELD, State.RELEASING])
def test_where_money_may_be_held_no_event_ends_without_releasing_it(state: State) -> None:
    ends = {event for (before, event), after in TRANSITIONS.items() if before is state and after in ENDS}

    assert ends <= {Event.LAPSED}


@pytest.mark.parametrize(
    ("because", "end"),
    [(Event.DECLINED, State.DECLINED), (Event.REFUSED, State.FAILED), (Event.ABANDONED, State.ABANDONED)],
)
def test_closing_ends_by_the_event_that_led_into_it(because: Event, end: State) -> None:
    start = State.REQUIRES_ACTION if because is not Event.REFUSED else State.HOLDING
    closing = a_verification(state=start).on(because, at=LATER)

    assert closing.state is State.CLOSING
    assert closing.closing_because is because
    assert closing.on(because, at=LATER).state is end


def test_what_was_learned_stays_learned() -> None:
    held = a_verification(state=State.HOLDING).on(Event.HELD, at=LATER, hold_id="pi_1", payment_method="pm_1")

    releasing = held.on(Event.RELEASE, at=LATER)

    assert (releasing.hold_id, releasing.payment_method) == ("pi_1", "pm_1")


def test_a_doomed_verification_has_lost_its_user_and_nothing_else() -> None:
    verification = a_verification(state=State.HELD)

    orphaned = verification.orphan(at=LATER)

    assert orphaned.is_orphaned
    assert orphaned.state is State.HELD
    assert orphaned.customer_id == verification.customer_id


def test_an_open_verification_goes_stale_when_nobody_moves_it() -> None:
    verification = a_verification(state=State.HOLDING, updated_at=NOON)

    assert not verification.is_stale(now=NOON + TAKEOVER_AFTER - timedelta(microseconds=1))
    assert verification.is_stale(now=NOON + TAKEOVER_AFTER)
    assert not a_verification(state=State.VERIFIED, updated_at=NOON).is_stale(now=NOON + TAKEOVER_AFTER)
