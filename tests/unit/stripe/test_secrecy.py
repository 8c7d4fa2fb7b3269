"""The key is in one header, and nowhere else."""

import logging
import traceback
from collections.abc import Iterator

import pytest
from tests.unit.stripe.fakes import KEY, Answer, FakeStripe, Gateway, chain, no_answer
from tests.unit.stripe.objects import a_customer, an_error, an_intent

from accounts_core.errors import AccountsError, ConfigurationError
from accounts_core.ports.payment_gateway import HoldRequest
from accounts_core.sync import run_sync
from accounts_stripe import BlockingStripeGateway, StripeGateway

REQUEST = HoldRequest(
    verification_id="ver_1", customer_id="cus_1", payment_method="pm_1", amount=100, currency="usd", return_url=None
)

ECHO = f"You sent Authorization: Bearer {KEY}"

FAILURES = [
    no_answer(),
    *(
        Answer(an_error(code="echo", param=KEY) | {"error": {"type": "x", "message": ECHO}}, status)
        for status in (400, 401, 403, 404, 409, 429, 500)
    ),
    Answer(f"<html>{ECHO}</html>".encode(), 502),
    Answer(f'{{"error": "{ECHO}"}}'.encode(), 502),
    Answer(ECHO.encode(), 200),
    ConfigurationError("The gateway cannot be used here."),
]


def shown(error: BaseException) -> Iterator[str]:
    """Everything that a log or an error reporter may show, local variables of the frames included."""
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for each in chain(error):
        yield from (repr(each), str(each), repr(each.args), repr(vars(each)))


@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_and_no_log_shows_the_key(
    gateway: Gateway, server: FakeStripe, caplog: pytest.LogCaptureFixture, failure: Answer | BaseException
) -> None:
    caplog.set_level(logging.DEBUG)
    server.will(failure)

    with pytest.raises(AccountsError) as raised:
        run_sync(gateway.hold(REQUEST, key="ver_1:hold"))

    error, frames = raised.value, raised.value.__traceback__
    assert frames is not None
    error.__traceback__ = frames.tb_next  # without this test's own frame, which knows the key
    assert not [text for text in shown(error) if KEY in text]
    assert caplog.records
    assert KEY not in caplog.text


def test_no_success_logs_the_key(gateway: Gateway, server: FakeStripe, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.will(an_intent())
    run_sync(gateway.hold(REQUEST, key="ver_1:hold"))

    assert caplog.records
    assert KEY not in caplog.text


def test_the_gateways_repr_keeps_the_key(gateway: Gateway) -> None:
    assert KEY not in repr(gateway)


def test_the_key_travels_in_one_header_alone(gateway: Gateway, server: FakeStripe) -> None:
    server.will(a_customer())
    run_sync(gateway.retrieve_customer("cus_1"))

    (asked,) = server.asked
    assert [name for name, value in asked.headers.items() if KEY in value] == ["Authorization"]
    assert KEY not in asked.path + str(asked.params)


@pytest.mark.parametrize("kind", [StripeGateway, BlockingStripeGateway])
@pytest.mark.parametrize(
    ("key", "base"),
    [
        ("", "https://api.stripe.com"),
        (f"{KEY}\n", "https://api.stripe.com"),
        (f"{KEY} x", "https://api.stripe.com"),
        (f"{KEY}é", "https://api.stripe.com"),
        (KEY, f"https://{KEY}@api.stripe.com"),
        (KEY, f"https://api.stripe.com?key={KEY}"),
        (KEY, f"file:///{KEY}"),
        (KEY, KEY),
        (KEY, ""),
    ],
)
def test_a_key_or_an_address_that_cannot_be_one_is_refused_without_repeating_it(
    kind: type[StripeGateway] | type[BlockingStripeGateway], key: str, base: str
) -> None:
    with pytest.raises(ValueError, match="Stripe") as raised:
        kind.connect(key, api_base=base, http_client=FakeStripe())

    assert KEY not in str(raised.value)
