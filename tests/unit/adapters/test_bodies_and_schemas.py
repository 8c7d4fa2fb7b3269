"""The secrets of a body are masked in the log, and a response shows the state of an address."""

from typing import Any

import attrs
import pytest

from accounts_core.testing.builders import NOON, a_user
from accounts_http.access_log import RequestEntry, current_request
from accounts_http.bodies import fill
from accounts_http.schemas.account import current_user
from accounts_http.schemas.auth import Login, Reset


@pytest.mark.parametrize(
    ("model", "given", "held_back"),
    [
        (Login, {"email": "jane@example.org", "password": "a long and quiet river"}, {"a long and quiet river"}),
        (Reset, {"token": "tok_1", "password": "a long and quiet river"}, {"tok_1", "a long and quiet river"}),
    ],
    ids=["a password", "a token and a password"],
)
def test_a_secret_of_a_body_is_kept_out_of_the_log_of_its_request(
    model: type[Any], given: dict[str, str], held_back: set[str]
) -> None:
    entry = RequestEntry(id="1", method="POST", client=None)
    token = current_request.set(entry)

    fill(model, given, strict=True)

    current_request.reset(token)
    assert held_back <= set(entry.secrets)


def test_an_address_is_not_shown_as_verified_because_an_earlier_one_was() -> None:
    jane = attrs.evolve(a_user(), was_verified=True, email_verified_at=None)

    assert current_user(jane).email_verified is False
    assert current_user(attrs.evolve(jane, email_verified_at=NOON)).email_verified is True
