"""What the service itself stores of a password, put together as it is run."""

import sqlite3
from pathlib import Path

from tests.integration.cli.harness import Run, create


def test_the_service_hashes_at_the_cost_that_the_inventory_tells(run: Run, folder: Path) -> None:
    """ASVS 5.0, 11.2.3 and 11.4.2: whatever the hasher's default is, this is used; no two salts are the same."""
    assert run("migrate").code == 0
    create(run)
    create(run, email="john@example.org")
    with sqlite3.connect(folder / "accounts.db") as database:
        hashes = [row[0] for row in database.execute("SELECT password_hash FROM accounts_users")]

    parts = [hashed.split("$") for hashed in hashes]
    assert [part[1:4] for part in parts] == [["argon2id", "v=19", "m=19456,t=2,p=1"]] * 2
    # base64 without padding: 16 bytes of salt, 32 of tag
    assert [(len(part[4]), len(part[5])) for part in parts] == [(22, 43)] * 2
    assert parts[0][4] != parts[1][4]
