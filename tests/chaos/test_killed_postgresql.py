"""PostgreSQL itself is lost under a service: nothing that was acknowledged is, and the service goes on by itself."""

import asyncio
from typing import Final

import pytest
from tests.chaos.cluster import PATIENCE_SECONDS, following, running_cluster, server_folder, url_of_either
from tests.chaos.disasters import database_killed, primary_lost, under_load
from tests.chaos.services import Programs
from tests.integration.processes.programs import StripeServer

from accounts_core.errors import Unavailable
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import a_session, a_user
from accounts_core.testing.harness import keep
from accounts_sql import AsyncSqlStore, create_async_engine, migrate

KILLS: Final = 2
SEED: Final = 1


pytestmark = pytest.mark.long


def test_a_service_outlives_its_database_and_answers_503_meanwhile(programs: Programs, stripe: StripeServer) -> None:
    with server_folder() as folder, running_cluster(folder) as cluster:
        assert cluster.execute("SHOW fsync") == [("on",)]
        disaster = database_killed(cluster, kills=KILLS)
        env = under_load(programs, stripe, cluster.create_database(), disaster, seed=SEED)

    assert env.journal.violations == []
    assert env.journal.unavailable > 0
    assert env.journal.acknowledged.total() > 0


def test_a_synchronous_standby_that_is_promoted_has_all_that_was_acknowledged(
    programs: Programs, stripe: StripeServer
) -> None:
    with (
        server_folder() as folder,
        server_folder() as other,
        running_cluster(folder) as primary,
        following(primary, other) as standby,
    ):
        url = url_of_either(primary.create_database(), standby)
        env = under_load(programs, stripe, url, primary_lost(primary, standby), seed=SEED)

    assert env.journal.violations == []
    assert env.journal.unavailable > 0
    assert env.journal.acknowledged.total() > 0


def test_a_database_that_hangs_is_away_until_it_goes_on() -> None:
    with server_folder() as folder, running_cluster(folder) as cluster:
        url = cluster.create_database()
        migrate(url)

        async def use() -> None:
            engine = create_async_engine(f"{url}?command_timeout=0.5", connect_args={"timeout": 0.5})
            store = AsyncSqlStore(engine)
            await keep(store, a_user(), a_session())
            cluster.pause()
            async with asyncio.timeout(PATIENCE_SECONDS):
                with pytest.raises(Unavailable):
                    await keep(store, a_user(2))
                with pytest.raises(Unavailable):
                    async with store.reader() as reader:
                        await reader.users.find(UserId(1))
            cluster.resume()
            async with store.reader() as reader:
                assert await reader.users.find(UserId(1)) == a_user()
            await keep(store, a_user(2))
            await engine.dispose()

        asyncio.run(use())
