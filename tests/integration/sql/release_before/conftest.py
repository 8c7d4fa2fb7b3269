"""Today's code on a database of the release before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.sql.release_before.database import (
    load,
    provider_as_left,
)

from accounts_core import BlockingAccounts
from accounts_core.outbox.after_commit import MailDispatch
from accounts_core.testing.builders import at
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, PlainHasher, SequenceSecrets
from accounts_sql import SqlRateLimiter, SqlStore, create_engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """The database of the release before, on today's revision."""
    url = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/before.db"
    )
    engine = create_engine(url)
    load(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> ManualClock:
    """Half an hour after the release before was stopped, when every lease is over and no challenge is."""
    return ManualClock(at(30))


@pytest.fixture
def gateway(clock: ManualClock) -> MemoryGateway:
    return provider_as_left(clock)


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


@pytest.fixture
def accounts(engine: sa.Engine, gateway: MemoryGateway, mailer: MemoryMailer, clock: ManualClock) -> BlockingAccounts:
    """Today's code on that database."""
    return BlockingAccounts(
        store=SqlStore(engine),
        payments=gateway,
        passwords=PlainHasher(),
        mailer=mailer,
        clock=clock,
        secrets=SequenceSecrets(3),
        limits=SqlRateLimiter(engine),
        mail_dispatch=MailDispatch.WORKER,
    )
