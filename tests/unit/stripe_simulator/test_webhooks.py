import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver

from accounts_core.sync import run_sync
from accounts_memory import ManualClock, SequenceSecrets
from accounts_stripe_simulator import Order, Plan, Simulator, SimulatorHTTPClient, Webhook

SECRET = "whsec_test"


class Inbox:
    """Takes events, unless it is told to refuse them."""

    def __init__(self) -> None:
        self.webhooks: list[Webhook] = []
        self.is_open = True

    def __call__(self, webhook: Webhook) -> None:
        if not self.is_open:
            raise ConnectionError("Nobody is here.")
        self.webhooks.append(webhook)

    async def later(self, webhook: Webhook) -> None:
        self(webhook)

    @property
    def types(self) -> list[str]:
        return [webhook.type for webhook in self.webhooks]


@pytest.fixture
def simulator(clock: ManualClock) -> Simulator:
    return Simulator(clock, SequenceSecrets(), webhook_secret=SECRET)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def story(client: stripe.StripeClient, driver: Driver) -> list[str]:
    """Cause four events and return their types."""
    jane = driver.customer()
    card = driver.attached(jane).id
    client.v1.customers.update(jane, {"invoice_settings": {"default_payment_method": card}})
    client.v1.payment_methods.detach(card)
    client.v1.customers.delete(jane)
    return ["payment_method.attached", "customer.updated", "payment_method.detached", "customer.deleted"]


def test_what_happens_is_told_in_signed_events(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator, inbox: Inbox
) -> None:
    expected = story(client, driver)

    assert simulator.webhooks.deliver(inbox) == 4
    assert inbox.types == expected
    for webhook in inbox.webhooks:
        event = stripe.Webhook.construct_event(webhook.payload, webhook.signature, SECRET, tolerance=0)
        assert (event.id, event.type) == (webhook.id, webhook.type)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(webhook.payload, webhook.signature, "whsec_other", tolerance=0)


def test_an_event_is_signed_with_the_time_of_its_delivery(
    driver: Driver, simulator: Simulator, inbox: Inbox, clock: ManualClock
) -> None:
    driver.hold(driver.customer())
    later = clock.advance(timedelta(minutes=10))
    simulator.webhooks.deliver(inbox)

    assert inbox.webhooks[0].signature.startswith(f"t={int(later.timestamp())},v1=")


def test_a_detached_card_is_told_with_the_customer_it_was_taken_from(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator, inbox: Inbox
) -> None:
    jane = driver.customer()
    client.v1.payment_methods.detach(driver.attached(jane).id)
    simulator.webhooks.deliver(inbox)

    data = json.loads(inbox.webhooks[-1].payload)["data"]
    assert data["object"]["customer"] is None
    assert data["previous_attributes"] == {"customer": jane}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda driver, jane: driver.hold(jane), "payment_intent.amount_capturable_updated"),
        (lambda driver, jane: driver.declined(jane, "pm_card_chargeDeclined"), "payment_intent.payment_failed"),
        (
            lambda driver, jane: driver.client.v1.payment_intents.cancel(driver.hold(jane).id),
            "payment_intent.canceled",
        ),
        (
            lambda driver, jane: driver.client.v1.payment_methods.update(
                driver.attached(jane).id, {"card": {"exp_year": 2040}}
            ),
            "payment_method.updated",
        ),
        (lambda driver, jane: driver.client.v1.customers.update(jane, {"name": "J"}), "customer.updated"),
    ],
)
def test_each_change_has_its_event(
    act: Callable[[Driver, str], object], expected: str, driver: Driver, simulator: Simulator
) -> None:
    act(driver, driver.customer())

    assert simulator.webhooks.waiting()[-1] == expected


def test_a_card_that_its_bank_replaced_is_told_as_such(driver: Driver, simulator: Simulator) -> None:
    card = driver.attached(driver.customer()).id

    renewed = simulator.renew_card(card, last4="1881", exp_month=1, exp_year=2032)

    assert renewed["card"]["last4"] == "1881"
    assert simulator.webhooks.waiting()[-1] == "payment_method.automatically_updated"


def test_nothing_is_told_of_a_change_that_changes_nothing(client: stripe.StripeClient, driver: Driver) -> None:
    jane = driver.customer(name="Jane")
    client.v1.customers.update(jane, {"name": "Jane"})

    assert client.v1.events.list().data == []


def test_an_event_that_was_not_taken_comes_again_later_and_later(
    driver: Driver, simulator: Simulator, inbox: Inbox, clock: ManualClock
) -> None:
    driver.attached(driver.customer())
    inbox.is_open = False
    assert simulator.webhooks.deliver(inbox) == 0
    inbox.is_open = True

    assert simulator.webhooks.deliver(inbox) == 0
    clock.advance(timedelta(minutes=1))
    assert simulator.webhooks.deliver(inbox) == 1
    assert simulator.webhooks.deliver(inbox) == 0


def test_a7_an_event_of_a_clock_that_was_ahead_does_not_wait_for_it(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator, clock: ManualClock, inbox: Inbox
) -> None:
    clock.jump(timedelta(days=1))
    caused = story(client, driver)
    inbox.is_open = False
    assert simulator.webhooks.deliver(inbox) == 0
    clock.jump(-timedelta(days=1))
    inbox.is_open = True

    assert simulator.webhooks.deliver(inbox) == len(caused)


def test_an_event_that_nobody_takes_is_given_up_after_three_days(
    driver: Driver, simulator: Simulator, inbox: Inbox, clock: ManualClock
) -> None:
    driver.attached(driver.customer())
    inbox.is_open = False
    for _ in range(8):
        simulator.webhooks.deliver(inbox)
        clock.advance(timedelta(hours=12))

    assert simulator.webhooks.waiting() == []


def test_deliveries_can_be_doubled_late_reordered_lost_and_held_back(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator, inbox: Inbox, clock: ManualClock
) -> None:
    webhooks, told = simulator.webhooks, story(client, driver)

    webhooks.hold()
    assert webhooks.deliver(inbox) == 0
    webhooks.release()

    webhooks.plan = Plan(delay=timedelta(minutes=5))
    assert webhooks.deliver(inbox) == 0
    clock.advance(timedelta(minutes=5))

    webhooks.plan = Plan(copies=2, order=Order.REVERSED)
    assert run_sync(webhooks.deliver_async(inbox.later)) == 4
    assert inbox.types == [each for each in reversed(told) for _ in range(2)]

    story(client, driver)
    webhooks.plan = Plan(lost=True)
    webhooks.deliver(inbox)
    assert (len(inbox.webhooks), webhooks.waiting()) == (8, [])


def test_a_shuffled_order_is_another_for_another_seed(
    client: stripe.StripeClient, driver: Driver, simulator: Simulator
) -> None:
    story(client, driver)
    orders = set()
    for seed in range(8):
        inbox = Inbox()
        simulator.webhooks.plan = Plan(order=Order.SHUFFLED, seed=seed)
        simulator.webhooks.deliver(inbox)
        orders.add(tuple(inbox.types))
        story(client, driver)

    assert len(orders) > 1


def test_events_go_to_a_receiver_as_soon_as_their_request_is_through(clock: ManualClock, inbox: Inbox) -> None:
    simulator = Simulator(clock, SequenceSecrets(), on_webhook=inbox)
    driver = Driver(stripe.StripeClient("sk_test_x", http_client=SimulatorHTTPClient(simulator)))

    asked = driver.hold(driver.customer(), "pm_card_authenticationRequired")
    simulator.authenticate(asked.id)

    assert inbox.types == ["payment_method.attached", "payment_intent.amount_capturable_updated"]


def test_an_event_can_be_read_again(client: stripe.StripeClient, driver: Driver, simulator: Simulator) -> None:
    driver.attached(driver.customer())
    (event,) = simulator.webhooks.events()

    assert client.v1.events.retrieve(event["id"]).to_dict() == event
    assert client.v1.events.list({"type": "customer.updated"}).data == []
