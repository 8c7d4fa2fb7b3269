"""However many sign up with one address at once, one of them has it."""

import os
from collections import Counter
from functools import partial
from typing import Final

import pytest
from tests.security.races.actions import sign_up
from tests.security.races.arena import PASSWORD, Arena

SIGN_UPS: Final = int(os.environ.get("ACCOUNTS_TEST_SIGN_UPS", "1000"))

SPELLINGS: Final = (
    "kiss@example.org",
    "KISS@example.org",
    "Kiss@EXAMPLE.ORG",
    "kiss@\uff45xample.org",
    "\u212aiss@example.org",
    "ki\u017fs@example.org",
    "\uff4biss@example.org",
    "\uff2b\uff29\uff33\uff33@example.org",
)
"""One address: in capitals, with the Kelvin sign and the long s, and in fullwidth letters."""


def test_of_a_thousand_sign_ups_with_one_address_one_wins(arena: Arena) -> None:
    told = arena.race(*[partial(sign_up, email="jane@example.org", password=PASSWORD)] * SIGN_UPS)

    assert Counter(each.outcome for each in told) == {"done": 1, "EmailTaken": SIGN_UPS - 1}
    (user,) = arena.rows("users")
    assert [each.value for each in told if each.error is None] == [user.id]
    topics = Counter(each.topic if hasattr(each, "topic") else each[1] for each in arena.rows("outbox"))
    assert topics == {"verification_mail": 1, "sign_up": SIGN_UPS - 1}, "one account, and a link for each later sign-up"
    assert len(arena.rows("audit")) == 1
    arena.accounts.sign_in(email="jane@example.org", password=PASSWORD)


def test_of_sign_ups_with_every_spelling_of_an_address_one_wins(arena: Arena) -> None:
    told = arena.race(*[partial(sign_up, email=email, password=PASSWORD) for email in SPELLINGS * 5])

    assert Counter(each.outcome for each in told) == {"done": 1, "EmailTaken": 5 * len(SPELLINGS) - 1}
    assert len(arena.rows("users")) == 1
    assert len({arena.accounts.sign_in(email=email, password=PASSWORD).user.id for email in SPELLINGS}) == 1


@pytest.mark.parametrize("lookalike", ["m\u0131ke@example.org", "mike@example.com", "mike+tag@example.org"])
def test_addresses_that_only_look_alike_each_have_an_account(arena: Arena, lookalike: str) -> None:
    """CVE-2019-19844: `m\u0131ke@` is not `mike@`."""
    sign_ups = [partial(sign_up, email=email, password=PASSWORD) for email in ("mike@example.org", lookalike)]

    told = arena.race(*sign_ups * 6)

    assert Counter(each.outcome for each in told) == {"done": 2, "EmailTaken": 10}
    assert len(arena.rows("users")) == 2
