"""The lists of common passwords are in the package to the last entry, whatever reads or checks out their files."""

import hashlib
from collections.abc import Set as AbstractSet

import pytest

from accounts_core.model.common_passwords import COMMON, COMMON_LONG
from accounts_core.model.passwords import PasswordPolicy


@pytest.mark.parametrize(
    ("entries", "count", "shortest", "digest"),
    [
        (COMMON, 8_354, 8, "3cdd0b179898926bb3b2eb9fd5ee6b5032ed38d4b9de2a52e8cc9a5d6dea7d0b"),
        (COMMON_LONG, 9_671, 15, "d2ff078a4c39881d62ff66c5a9d00bd55db53f2c089ed6e3f08170a8973e9e26"),
    ],
    ids=["common", "long"],
)
def test_a_list_is_whole(entries: AbstractSet[str], count: int, shortest: int, digest: str) -> None:
    assert len(entries) == count
    assert hashlib.sha256("\n".join(sorted(entries)).encode()).hexdigest() == digest
    assert min(len(entry.encode()) for entry in entries) >= shortest


def test_a_policy_refuses_what_is_in_either() -> None:
    assert PasswordPolicy().common == COMMON | COMMON_LONG
