"""Every line of the log names its request, and none holds a secret."""

import logging

import pytest

from accounts_cli.logs import _Formatter
from accounts_litestar.strict import request_id

TOKEN = "acc_" + "0aZ" * 16 + "9"


def line(message: str, *, error: Exception | None = None) -> str:
    formatter = _Formatter("%(levelname)s%(request)s %(name)s: %(message)s")
    info = None if error is None else (type(error), error, None)
    return formatter.format(logging.LogRecord("accounts", logging.ERROR, "", 1, message, (), info))


def test_a_line_names_the_request_that_it_belongs_to() -> None:
    assert line("It failed.") == "ERROR accounts: It failed."
    token = request_id.set("5f2c")
    try:
        assert line("It failed.") == "ERROR [5f2c] accounts: It failed."
    finally:
        request_id.reset(token)


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (f"token {TOKEN}", TOKEN),
        (f"Authorization: Bearer {TOKEN[4:]}", TOKEN[4:]),
        ("key sk_live_0aZ0aZ0aZ0aZ", "0aZ0aZ"),
        ("whsec_0aZ0aZ0aZ0aZ", "0aZ0aZ"),
        ("pi_1_secret_0aZ0aZ", "0aZ0aZ"),
        ("postgresql://me:hunter22@db/accounts", "hunter22"),
        ("mail acm_" + "0aZ" * 16, "0aZ0aZ"),
    ],
)
def test_what_looks_like_a_secret_is_masked_also_in_an_error(said: str, secret: str) -> None:
    assert secret not in line(said)
    assert secret not in line("It failed.", error=ValueError(said))
