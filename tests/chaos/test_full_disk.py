"""No room on the disk: 503 and nothing half written; when there is room again, all goes on by itself."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.chaos.cluster import Cluster, running_cluster, server_folder
from tests.chaos.disasters import disk_filled, under_load
from tests.chaos.disks import Disk, small_disk, why_no_disk
from tests.chaos.killing import let_time_pass
from tests.chaos.services import PATIENCE_SECONDS, ForkServer, Programs
from tests.integration.processes.programs import VERIFY_URL, Person, StripeServer

SEED: Final = 1

pytestmark = [pytest.mark.long, pytest.mark.skipif(why_no_disk() is not None, reason=str(why_no_disk()))]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, megabytes=12) as disk:
        yield disk


def test_sqlite_without_room_loses_nothing(programs: Programs, stripe: StripeServer, disk: Disk) -> None:
    url = f"sqlite:///{disk.folder}/accounts.db"

    env = under_load(programs, stripe, url, disk_filled(disk), seed=SEED)

    assert env.journal.violations == []
    assert env.journal.unavailable > 0


def test_postgresql_without_room_loses_nothing(programs: Programs, stripe: StripeServer) -> None:
    small = {"min_wal_size": "2MB", "max_wal_size": "8MB", "shared_buffers": "1MB"}
    with (
        server_folder() as folder,
        small_disk(folder, megabytes=72) as disk,
        running_cluster(folder, "--wal-segsize=1", **small) as cluster,
    ):
        url = cluster.create_database()
        env = under_load(programs, stripe, url, disk_filled(disk, cluster), seed=SEED)

    assert env.journal.violations == []
    assert env.journal.unavailable > 0


def test_the_simulator_in_the_service_goes_on_when_there_is_room_again(
    tmp_path: Path, fork_server: ForkServer, cluster: Cluster, disk: Disk
) -> None:
    """It keeps its state in the working folder, where the mails are, too."""
    programs = Programs(disk.folder, fork_server, logs=tmp_path)
    url = cluster.create_database()
    service = programs.start("serve", "--port", "0", ACCOUNTS_DATABASE_URL=url)
    with httpx.Client(base_url=service.wait_until_it_listens(), trust_env=False, timeout=60) as client:
        jane = Person.sign_up(client, "jane@example.org")

        def verify() -> httpx.Response:
            return client.post(VERIFY_URL, json={"paymentMethod": "pm_card_visa"}, headers=jane.headers)

        disk.fill()
        answer = verify()
        assert answer.status_code == 503, answer.text
        assert "retry-after" in answer.headers
        assert jane.cards(client) == {}

        disk.free()
        let_time_pass(url)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not jane.cards(client):  # the worker goes on with what was begun
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert verify().status_code == 200
        assert len(jane.cards(client)) == 1
    service.stop()
    assert programs.complaints == []
