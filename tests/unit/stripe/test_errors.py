import inspect
from collections.abc import Mapping

import pytest
import stripe
from tests.unit.stripe.fakes import KEY, Answer, FakeStripe, Gateway, chain, no_answer
from tests.unit.stripe.objects import Json, a_customer, a_decline, an_error

from accounts_core.errors import NotFound, ProviderAmbiguous, ProviderBusy, ProviderError, ProviderRefused
from accounts_core.sync import run_sync
from accounts_stripe import STRIPE_VERSION, StripeGateway, calls


def create(gateway: Gateway) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        run_sync(gateway.create_customer(user_ref="7", key="customer:7"))
    assert type(raised.value).__module__ == "accounts_core.errors"
    return raised.value


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, an_error(code="parameter_invalid_empty", param="amount"), "parameter_invalid_empty"),
        (400, an_error(), "invalid_request_error"),
        (404, an_error(code="resource_missing", param="customer"), "resource_missing"),
        (400, an_error("idempotency_error"), "idempotency_error"),
        (401, an_error(), "authentication_error"),
        (401, an_error(code="api_key_expired"), "api_key_expired"),
        (403, an_error(), "permission_error"),
        (402, a_decline(), "card_declined"),
    ],
)
def test_a_refusal_is_final(gateway: Gateway, server: FakeStripe, status: int, body: Json, code: str) -> None:
    server.will(Answer(body, status))

    error = create(gateway)

    assert isinstance(error, ProviderRefused)
    assert (error.code, error.param) == (code, body["error"].get("param"))


def test_an_address_that_stripe_does_not_take_is_named_by_the_code_alone(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error(code="email_invalid"), 400))

    error = create(gateway)

    assert isinstance(error, ProviderRefused)
    assert (error.code, error.param) == ("email_invalid", "email")


def test_a_refusal_names_the_request_and_the_banks_reason_for_the_operator(
    gateway: Gateway, server: FakeStripe
) -> None:
    server.will(Answer(a_decline("lost_card"), 402, {"request-id": "req_1"}))

    error = create(gateway)

    assert isinstance(error, ProviderRefused)
    assert error.details == {"decline_code": "lost_card", "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, an_error()),
        (429, an_error(code="lock_timeout")),
        (400, an_error(code="rate_limit")),
        (400, an_error(code="lock_timeout")),
        (409, an_error("idempotency_error", "idempotency_key_in_use")),
        (409, an_error()),
    ],
)
def test_what_was_not_executed_can_be_asked_again(
    gateway: Gateway, server: FakeStripe, status: int, body: Json
) -> None:
    server.will(Answer(body, status))

    assert isinstance(create(gateway), ProviderBusy)


@pytest.mark.parametrize(
    "answer",
    [
        no_answer(),
        Answer(an_error("api_error"), 500),
        Answer(an_error("api_error"), 503),
        Answer(b"<html>Bad gateway</html>", 502),
        Answer(b'{"error": "Bad gateway"}', 502),
        Answer(b'{"error": ["Bad gateway"]}', 502),
        Answer(b"", 504),
        Answer(b"<html>Moved</html>", 301),
        Answer(b"<html>Sign in to the network</html>", 200),
        Answer(b"[]", 200),
        Answer(b'"ok"', 200),
        Answer(b"{}", 200),
        Answer(b'{"id": "cus_1"', 200),
        Answer(b"\xff\xfe", 200),
        Answer(b"<html>Forbidden by the firewall</html>", 403),
    ],
)
def test_what_nobody_knows_is_ambiguous(
    gateway: Gateway, server: FakeStripe, answer: Answer | stripe.APIConnectionError
) -> None:
    server.will(answer)

    error = create(gateway)

    assert isinstance(error, ProviderAmbiguous)
    assert not error.replays


@pytest.mark.parametrize(
    "headers",
    [{"stripe-should-retry": "false"}, {"Stripe-Should-Retry": "false"}, {"idempotent-replayed": "true"}],
)
def test_a_failure_that_is_stored_under_the_key_says_so(
    gateway: Gateway, server: FakeStripe, headers: Mapping[str, str]
) -> None:
    server.will(Answer(an_error("api_error"), 500, headers))

    error = create(gateway)

    assert isinstance(error, ProviderAmbiguous)
    assert error.replays


def test_a_failure_that_stripe_wants_asked_again_is_not_stored(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error("api_error"), 500, {"stripe-should-retry": "true"}))

    error = create(gateway)

    assert isinstance(error, ProviderAmbiguous)
    assert not error.replays


def test_what_stripe_said_is_the_cause(gateway: Gateway, server: FakeStripe) -> None:
    server.will(Answer(an_error(), 429))

    assert [type(each) for each in chain(create(gateway))] == [ProviderBusy, stripe.RateLimitError]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_error_of_stripes_passes_through(gateway: Gateway, server: FakeStripe, error: BaseException) -> None:
    server.will(error)

    with pytest.raises(type(error)):
        run_sync(gateway.find_customer("7"))


@pytest.mark.parametrize("id", ["", "..", "cus_1/sources", "cus_1?expand", "cus 1", "cüs", "x" * 256])
def test_an_id_that_would_change_the_address_is_never_sent(gateway: Gateway, server: FakeStripe, id: str) -> None:
    for ask in (gateway.retrieve_customer, gateway.retrieve_payment_method, gateway.retrieve_hold):
        with pytest.raises(NotFound):
            run_sync(ask(id))
    run_sync(gateway.detach(id))
    run_sync(gateway.delete_customer(id))

    assert server.asked == []


@pytest.mark.parametrize("id", ["", "..", "cus_1/sources", "cus_1?expand", "cus 1", "c\u00fcs", "x" * 256])
def test_no_other_request_sends_an_id_that_would_change_the_address(
    gateway: Gateway, server: FakeStripe, id: str
) -> None:
    """ASVS 5.0, 4.2.5: every request with an id in its address; the test above has the others."""
    for ask in (
        gateway.update_customer(id, email=None, name=None),
        gateway.inspect_customer(id),
        gateway.anonymize_customer(id),
        gateway.set_default(id, "pm_1"),
        gateway.list_payment_methods(id),
        gateway.attach(customer_id="cus_1", payment_method=id, key="k"),
        gateway.release(id, key="k"),
    ):
        with pytest.raises((NotFound, ProviderRefused)):
            run_sync(ask)

    assert server.asked == []


def test_every_id_in_an_address_is_tried_above() -> None:
    in_an_address = {
        name for name, made in vars(calls).items() if inspect.isfunction(made) and "path=" in inspect.getsource(made)
    }

    assert in_an_address == {
        "anonymize_customer",
        "attach",
        "cancel_intent",
        "delete_customer",
        "detach",
        "list_all_payment_methods",
        "list_payment_methods",
        "retrieve_customer",
        "retrieve_intent",
        "retrieve_payment_method",
        "set_default",
        "update_customer",
    }


def test_a_deleted_customer_is_not_found(gateway: Gateway, server: FakeStripe) -> None:
    server.will({"id": "cus_1", "object": "customer", "deleted": True})

    with pytest.raises(NotFound, match="customer"):
        run_sync(gateway.retrieve_customer("cus_1"))


def test_the_version_is_pinned_whatever_the_sdk_moves_on_to(
    server: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe._stripe_client._ApiVersion.CURRENT", "2030-01-01.later")
    server.will(a_customer())
    run_sync(StripeGateway.connect(KEY, http_client=server).retrieve_customer("cus_1"))

    assert server.asked[0].headers["Stripe-Version"] == STRIPE_VERSION


def test_the_pinned_version_is_the_one_that_the_sdks_parameters_are_written_for() -> None:
    """When this fails the SDK has moved on: read Stripe's changelog, then pin the new version."""
    assert stripe.api_version == STRIPE_VERSION
