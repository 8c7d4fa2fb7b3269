import pytest
from tests.unit.stripe.fakes import KEY, FakeStripe, Gateway

from accounts_stripe import BlockingStripeGateway, StripeGateway


@pytest.fixture
def server() -> FakeStripe:
    return FakeStripe()


@pytest.fixture(params=[StripeGateway, BlockingStripeGateway])
def gateway(request: pytest.FixtureRequest, server: FakeStripe) -> Gateway:
    made: Gateway = request.param.connect(KEY, http_client=server, retries=0)
    return made
