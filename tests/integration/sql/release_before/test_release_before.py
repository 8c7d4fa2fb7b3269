"""A database that the release before has filled works unchanged.

What `database.json` holds, and how it was made, stands in its first lines.
"""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.integration.sql.release_before.database import (
    ACCESS_TOKEN,
    ANN,
    BOOKSHOP,
    CHALLENGED,
    JANE,
    JOHN,
    MAILED_TOKEN,
    MARY,
    PASSWORD,
    TABLES,
    cards,
    invited,
    jobs,
    second,
    states,
)

from accounts_core import BlockingAccounts
from accounts_core.errors import AccountDeactivated, InvalidCredentials, KeyReused
from accounts_core.model.events import Actor
from accounts_core.model.ids import TeamId
from accounts_core.model.jobs import JOBS
from accounts_core.model.team import Role
from accounts_core.model.user import UserStatus
from accounts_core.model.verification import State
from accounts_core.results import ActionRequired, IdempotentAnswer, IdempotentResult, VerificationResult
from accounts_core.testing.builders import at
from accounts_memory import MemoryGateway
from accounts_sql.tables import metadata


def test_every_table_has_rows_and_every_topic_waits(engine: sa.Engine, accounts: BlockingAccounts) -> None:
    with engine.connect() as connection:
        counted = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    waiting = {job.topic for job in jobs(accounts).values() if job.dead_lettered_at is None}

    assert counted == {table.name: len(TABLES[table.name]) for table in metadata.sorted_tables}
    assert 0 not in counted.values()
    assert waiting == {*JOBS, "host.welcome"}


def test_who_was_signed_in_still_is(accounts: BlockingAccounts) -> None:
    caller = accounts.authenticate(ACCESS_TOKEN)
    assert (caller.user.id, caller.session.user_agent, caller.session.created_at) == (JANE, "Firefox/140", second(7))

    signed_in = accounts.sign_in(email="jane@example.org", password=PASSWORD, user_agent="Chrome/150")

    assert signed_in.user == caller.user
    assert [(each.user_agent, each.created_at) for each in accounts.list_sessions(JANE)] == [
        ("Chrome/150", at(30)),
        ("Safari/18", second(8)),
        ("Firefox/140", second(7)),
    ]
    with pytest.raises(AccountDeactivated):
        accounts.sign_in(email="john@example.org", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="jane@example.org", password="another battery staple")


def test_who_has_signed_up_is_as_they_were(accounts: BlockingAccounts) -> None:
    users = [accounts.profile(each) for each in (JANE, MARY, JOHN, ANN)]
    assert [(each.email.address, each.status, each.email_verified_at, each.customer_id) for each in users] == [
        ("jane@example.org", UserStatus.ACTIVE, second(5), "cus_62POOmrQw6n1Pe"),
        ("mary@example.org", UserStatus.ACTIVE, None, None),
        ("john@example.org", UserStatus.DEACTIVATED, second(6), None),
        ("ann@example.org", UserStatus.ACTIVE, second(18), "cus_1x5jPGQumwrPGF"),
    ]


def test_cards_and_verifications_are_as_they_were(accounts: BlockingAccounts) -> None:
    assert cards(accounts, JANE) == {"pm_second": True, "pm_first": False}
    assert cards(accounts, ANN) == {"pm_anns": True}
    assert states(accounts, JANE) == {
        "pm_lost": State.HOLDING,
        "pm_challenged": State.REQUIRES_ACTION,
        "pm_second": State.VERIFIED,
        "pm_first": State.VERIFIED,
    }


def test_teams_and_notifications_are_as_they_were(accounts: BlockingAccounts) -> None:
    teams = [[(view.team.name, view.role) for view in accounts.list_teams(each)] for each in (JANE, MARY, ANN)]
    assert teams == [
        [("Kept", Role.OWNER), ("Bookshop", Role.OWNER)],
        [],
        [("Chess club", Role.OWNER), ("Bookshop", Role.MEMBER)],
    ]
    members = [(each.person.name, each.role) for each in accounts.list_team_members(JANE, BOOKSHOP)]
    assert members == [("Ann Doe", Role.MEMBER), ("Jane Doe", Role.OWNER)]
    assert [view.interaction.body for view in accounts.list_interactions(JANE, BOOKSHOP)] == [
        "Then I come on Tuesday.",
        "The shelves arrive on Monday.",
    ]
    assert invited(accounts) == ["late@example.org", "stranger@example.org", "mary@example.org"]
    assert [(each.type, each.message) for each in accounts.list_notifications(JANE)] == [
        ("invitation_accepted", "Your invitation to join Bookshop was accepted."),
        ("invite", "You invited to join Chess club."),
    ]


def test_the_audit_trail_is_as_it_was(accounts: BlockingAccounts) -> None:
    assert [(entry.action, entry.by, entry.at, entry.details) for entry in accounts.list_activity(JOHN)] == [
        ("user_deactivated", Actor.USER, second(10), {}),
        (
            "signed_in",
            Actor.USER,
            second(9),
            {
                "session_id": "ses_6R4nSZ1Zu4RiqR3A1i3oy5",
                "user_agent": "Opera/9",
                "client": "192.0.2.3",
                "new_device": False,
            },
        ),
        ("email_verified", Actor.OPERATOR, second(6), {"email": "john@example.org"}),
        ("user_registered", Actor.USER, second(3), {"email": "john@example.org"}),
    ]
    assert [(entry.action, entry.at) for entry in accounts.list_activity(ANN)] == [
        ("default_card_changed", second(25)),
        ("card_verified", second(25)),
        ("interaction_written", second(21)),
        ("invitation_accepted", second(19)),
        ("email_verified", second(18)),
        ("invited", second(16)),
        ("team_created", second(12)),
        ("user_registered", second(4)),
    ]


def test_a_verification_at_the_bank_goes_on_and_makes_no_other_hold(
    accounts: BlockingAccounts, gateway: MemoryGateway
) -> None:
    def again() -> VerificationResult | ActionRequired:
        return accounts.verify_card(JANE, payment_method="pm_challenged", return_url="https://shop.example/cards")

    (hold,) = [each.id for each in gateway.holds.values() if each.verification_id == CHALLENGED]
    assert hold is not None
    waiting = again()
    assert isinstance(waiting, ActionRequired)
    assert waiting.verification_id == CHALLENGED

    gateway.authenticate(hold)

    assert again() == VerificationResult(payment_method="pm_challenged")
    assert [call.method for call in gateway.calls] == [
        "retrieve_hold",
        "retrieve_hold",
        "release",
        "attach",
        "retrieve_payment_method",
    ]
    assert cards(accounts, JANE) == {"pm_challenged": False, "pm_second": True, "pm_first": False}


def test_a_repeated_request_is_answered_from_what_was_kept(accounts: BlockingAccounts) -> None:
    async def perform(_: Any) -> IdempotentAnswer:
        raise AssertionError("It was performed before.")

    def again(fingerprint: bytes) -> IdempotentResult:
        return accounts.run_idempotent(JANE, scope=b"k" * 32, fingerprint=fingerprint, perform=perform)

    assert again(b"f" * 32) == IdempotentResult(answer=b'{"team": 3}', is_replayed=True)
    with pytest.raises(KeyReused):
        again(b"g" * 32)
    assert accounts.get_team(JANE, TeamId(3)).team.name == "Kept"


def test_ids_go_on_where_the_release_before_stopped(accounts: BlockingAccounts) -> None:
    user = accounts.register(email="next@example.org", password=PASSWORD, name="Next Person")

    assert (user.id, accounts.create_team(ANN, name="Next").team.id) == (5, 4)


def test_a_link_and_an_event_of_the_release_before_are_known(accounts: BlockingAccounts) -> None:
    assert accounts.verify_email(token=MAILED_TOKEN, password=PASSWORD).id == MARY
    assert accounts.profile(MARY).email_verified_at == at(30)
    assert not accounts.receive_provider_event(id="evt_1", customer_id="cus_62POOmrQw6n1Pe")
    assert accounts.receive_provider_event(id="evt_2", customer_id="cus_62POOmrQw6n1Pe")
