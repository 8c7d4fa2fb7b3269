"""What follows from each thing that can happen: the audit trail, mails and notifications, word for word.

`ACTS` has a row for each way in which something happens; every event of `model.events` has to be the outcome of one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from tests.unit.core.conftest import Environment
from tests.unit.core.use_cases.acts.addresses import ADDRESSES
from tests.unit.core.use_cases.acts.cards import CARDS
from tests.unit.core.use_cases.acts.identity import IDENTITY
from tests.unit.core.use_cases.acts.stage import JOHN, LATER, NEW, OLD, Act, Stage, run_out, set_up
from tests.unit.core.use_cases.acts.teams import TEAMS

from accounts_core import run_sync
from accounts_core.errors import NotFound
from accounts_core.model.events import DomainEvent
from accounts_core.model.ids import UserId
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import at

ACTS: Mapping[str, Act] = {**IDENTITY, **ADDRESSES, **CARDS, **TEAMS}


@pytest.mark.parametrize("name", ACTS)
def test_what_follows(env: Environment, name: str) -> None:
    act = ACTS[name]
    stage = set_up(env, act)
    people = [JOHN, OLD, NEW]
    if name != "a mail that cannot be delivered":
        run_out(stage.accounts)
    env.clock.advance(at(5) - env.clock.now())
    before, shown = len(stage.accounts.list_activity(limit=10_000)), _notifications(stage, people)
    mailed = len(env.mailer.delivered)

    act.do(stage)
    run_out(stage.accounts)

    added = list(stage.accounts.list_activity(limit=10_000))[: -before or None][::-1]
    assert [(entry.by, entry.action, _masked(entry.details)) for entry in added] == list(act.trail)
    assert {entry.at.isoformat() for entry in added} <= {LATER}
    mails = [(notice.kind, notice.to.address, _masked(notice.values)) for notice in env.mailer.delivered[mailed:]]
    assert sorted(mails, key=repr) == sorted(act.mails, key=repr)
    assert _left(env, stage.jane.id) == (act.sessions, act.links)
    new = {email: texts[: len(texts) - len(shown[email])] for email, texts in _notifications(stage, people).items()}
    assert {email: texts for email, texts in new.items() if texts} == act.notifications


def _left(env: Environment, user_id: UserId) -> tuple[int, int]:
    """Return how many sessions and links a user has."""

    async def count() -> tuple[int, int]:
        async with env.store.begin() as work:
            return await work.sessions.count_for_user(user_id), len(
                await work.mail_tokens.list_for_user(user_id, limit=99)
            )

    return run_sync(count())


def _notifications(stage: Stage, people: Sequence[str]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {email: [] for email in people}
    for email in people:
        with suppress(NotFound):
            user = stage.accounts.find_user(email)
            texts[email] = [each.message for each in stage.accounts.list_notifications(user.id)]
    return texts


def _masked(details: Mapping[str, Any]) -> dict[str, Any]:
    """Put a name in place of what is made by chance."""
    names = {"token": "<token>", "session_id": "<ses>", "interaction_id": "<int>"}
    return {name: names.get(name, value) for name, value in details.items()}


def test_every_event_follows_from_an_act() -> None:
    recorded = {action for act in ACTS.values() for _, action, _ in act.trail}
    words = {_in_words(event.__name__) for event in _kinds_of(DomainEvent)}

    assert sorted(recorded) == sorted(words)


def _kinds_of(event: type[DomainEvent]) -> Iterator[type[DomainEvent]]:
    """Iterate over the events, without what several are kinds of."""
    kinds = event.__subclasses__()
    for kind in kinds:
        yield from _kinds_of(kind)
    if not kinds:
        yield event


def test_every_purpose_of_a_mail_follows_from_an_act() -> None:
    assert {purpose for act in ACTS.values() for purpose, _, _ in act.mails} == set(MailKind)


def _in_words(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
