"""The database that the release before wrote (`database.json`), and the payment provider as it left it."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from accounts_core import BlockingAccounts
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.verification import State
from accounts_core.ports.payment_gateway import HoldRequest
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON, a_provided_card
from accounts_memory import ManualClock, MemoryGateway, SequenceSecrets
from accounts_memory.stripe_cards import PLAIN, TEST_CARDS
from accounts_sql import migrate
from accounts_sql.tables import metadata, sqlite_metadata
from accounts_sql.tables.types import Moment

RELEASE: Final = json.loads((Path(__file__).parent / "database.json").read_text(encoding="utf-8"))
TABLES: Final[dict[str, list[dict[str, Any]]]] = RELEASE["tables"]

PASSWORD: Final = "correct horse battery staple"
ACCESS_TOKEN: Final = "acc_xKPrZN69hZjSuZq8miktxL4i3mWFj5nnPKHh1OIekN94DhF18"
"""Of Jane's first session."""
MAILED_TOKEN: Final = "acm_oDvBahXxVcJFm5EILk5NM04RAQWq8miA4QxRSzn7Pzi2dmdiK"
"""Of the link that Mary has been sent."""
JANE, MARY, JOHN, ANN = (UserId(n) for n in (1, 2, 3, 4))
BOOKSHOP: Final = TeamId(1)
CHALLENGED: Final = "cv_5eyrEXP73yaVwpxBAjVHio"
"""The verification that waits for Jane at her bank."""
UNLESS_USED: Final = "cus_4TfALzYK4dzbPs"
"""A customer that is to be deleted if nothing is lost with it."""
LOST: Final = "cv_1DVIyzMxO7DOp035awtVqg"
"""The verification of Jane's whose hold's answer was lost."""


def load(engine: sa.Engine) -> None:
    """Fill a database at the release's revision, then bring it up to date."""
    migrate(engine, RELEASE["revision"])
    tables = [*metadata.sorted_tables, *(sqlite_metadata.sorted_tables if engine.name == "sqlite" else [])]
    with engine.begin() as connection:
        for table in tables:
            for row in TABLES[table.name]:
                connection.execute(table.insert().values({name: read_value(table.c[name], row[name]) for name in row}))
        if engine.name == "postgresql":
            for sequence, last in _last_numbers():
                connection.execute(sa.select(sa.func.setval(sequence, last)))
    migrate(engine)


def _last_numbers() -> Iterator[tuple[str, int]]:
    """Return what PostgreSQL's sequences have handed out."""
    for counter in TABLES["accounts_counters"]:
        yield f"accounts_{counter['name'].removesuffix('s')}_ids", counter["value"]
    for table in ("accounts_audit", "accounts_attempts"):
        yield f"{table}_id_seq", max(row["id"] for row in TABLES[table])


def read_value(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(column.type, sa.LargeBinary):
        return bytes.fromhex(value)
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    return bool(value) if isinstance(column.type, sa.Boolean) else value


def provider_as_left(clock: ManualClock) -> MemoryGateway:
    """Return the provider as it was left: the same calls with the same secrets give the same ids."""
    gateway = MemoryGateway(clock, SequenceSecrets(2))
    for ref in (91, 92, 93):
        run_sync(gateway.create_customer(user_ref=f"{ref:024x}", key=f"gone:{ref}"))
    users = {row["id"]: row for row in TABLES["accounts_users"]}
    for row in sorted(TABLES["accounts_card_verifications"], key=lambda row: str(row["created_at"])):
        user_ref = _reference(users[row["user_id"]])
        customer = run_sync(gateway.create_customer(user_ref=user_ref, key=f"customer:{user_ref}:0"))
        assert customer.id == row["customer_id"]
        challenged = TEST_CARDS["pm_card_authenticationRequired"].behaviour
        card = a_provided_card(row["requested"])
        gateway.add_payment_method(card, behaviour=challenged if row["id"] == CHALLENGED else PLAIN)
        asked = HoldRequest(
            verification_id=row["id"],
            customer_id=customer.id,
            payment_method=card.id,
            amount=row["amount"],
            currency=row["currency"],
            return_url=row.get("return_url"),
        )
        hold = run_sync(gateway.hold(asked, key=f"{row['id']}:hold"))
        assert hold.id == row.get("hold_id", hold.id)
        if row["state"] == "verified":
            assert hold.id is not None
            run_sync(gateway.release(hold.id, key=f"{row['id']}:release"))
    jane = users[JANE]["customer_id"]
    run_sync(gateway.set_default(jane, "pm_first"))
    gateway.add_payment_method(a_provided_card("pm_old", customer_id=jane))
    gateway.set_balance(jane, -250)
    gateway.calls.clear()
    return gateway


def _reference(user: dict[str, Any]) -> str:
    """Return the reference by which the provider knows a user."""
    return f"{int(datetime.fromisoformat(user['created_at']).timestamp()):08x}{user['id']:016x}"


def second(number: int) -> datetime:
    """Return when that step of the script was: each was one second after the one before."""
    return NOON + timedelta(seconds=number)


def jobs(accounts: BlockingAccounts) -> dict[str, OutboxJob]:
    return {job.id: job for job in accounts.list_outbox(limit=100)}


def cards(accounts: BlockingAccounts, user: UserId) -> dict[str, bool]:
    """Return whether each card is the default."""
    return {card.id: card.is_default for card in accounts.list_payment_methods(user)}


def invited(accounts: BlockingAccounts) -> list[str]:
    return [view.invitation.email.address for view in accounts.list_team_invitations(JANE, BOOKSHOP)]


def states(accounts: BlockingAccounts, user: UserId) -> dict[str, State]:
    return {view.verification.requested: view.verification.state for view in accounts.list_verifications(user)}
