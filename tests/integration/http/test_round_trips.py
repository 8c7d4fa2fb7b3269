"""The calls that every page of a product makes: each is one round trip to the database."""

import pytest
from tests.integration.http.client import Client
from tests.integration.http.conftest import STORES
from tests.integration.http.service import Service

IN_A_DATABASE = [store for store in STORES if store != "memory"]
HOT = ["/api/users/current", "/api/v1/user", "/api/users/current/list-payment-methods"]


@pytest.fixture
def jane(api: Client) -> Client:
    """Somebody with two cards, whose calls have warmed every connection up."""
    jane = api.sign_up()
    for token in ("pm_card_visa", "pm_card_mastercard"):
        jane.post("/api/users/current/verify-payment", json={"paymentMethod": token})
    for path in HOT:
        jane.get(path)
    return jane


@pytest.mark.parametrize("service", IN_A_DATABASE, indirect=True)
@pytest.mark.parametrize("path", HOT)
def test_a_hot_read_is_one_round_trip(service: Service, jane: Client, path: str) -> None:
    assert service.stored.counter is not None

    with service.stored.counter.counting() as trips:
        answer = jane.get(path)

    assert answer.status_code == 200
    assert trips.count == 1, trips.statements


@pytest.mark.parametrize("service", IN_A_DATABASE, indirect=True)
def test_the_use_of_a_session_is_written_only_now_and_then(service: Service, jane: Client) -> None:
    assert service.stored.counter is not None
    before = service.dump()

    service.clock.pass_by(minutes=4)
    jane.get(HOT[0])
    assert service.dump() == before

    service.clock.pass_by(minutes=2)
    jane.get(HOT[0])
    assert service.dump() != before

    with service.stored.counter.counting() as trips:
        jane.get(HOT[0])
    assert trips.count == 1, trips.statements


@pytest.mark.parametrize("service", IN_A_DATABASE, indirect=True)
def test_a_malformed_token_never_reaches_the_database(service: Service, api: Client) -> None:
    assert service.stored.counter is not None

    with service.stored.counter.counting() as trips:
        answer = api.with_token("acc_" + "x" * 49).get(HOT[0])

    assert answer.status_code == 401
    assert trips.count == 0
