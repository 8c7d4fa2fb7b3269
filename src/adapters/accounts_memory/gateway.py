"""In-memory payment provider with Stripe's test cards, idempotency keys and injected faults."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

from accounts_core.model.customer import Customer
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.payment_method import ProviderPaymentMethod
from accounts_core.ports.blocking import BlockingPaymentGateway
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import CustomerUsage, Hold, HoldRequest, OpenHold, Page
from accounts_core.ports.secrets import Secrets

from .calls import Call, Calls
from .provider import Provider
from .stripe_cards import PLAIN, Behaviour


class MemoryGateway:
    """In-memory payment provider. It moves no money and keeps its state only in this process.

    Stripe's test payment methods (`pm_card_visa`, `pm_card_visa_chargeDeclined`, ...) behave as Stripe documents; each
    use of one creates a new payment method. Idempotency keys are kept for 24 hours and replay their first response. A
    hold expires after 7 days. Threads may share an instance.

    Besides the port, it offers for tests and demos: `calls` and `holds` for inspection, `authenticate` to complete card
    authentication, `add_payment_method`, `add_other_payment_method`, `set_balance`, `set_subscriptions`, and
    `fail_next` and `fail_all` to inject faults. Like Stripe, it rejects email addresses with a local part beyond ASCII.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        self._provider = Provider(clock, secrets)
        self._calls = Calls(clock)

    # ---- for tests and demos

    @property
    def calls(self) -> list[Call]:
        """Every call so far, including replayed and failed ones: `[("detach", ("pm_1",)), ...]`."""
        return self._calls.log

    @property
    def holds(self) -> Mapping[str, Hold]:
        """Every hold by id, in its current state."""
        with self._calls.lock:
            return {hold_id: self._provider.hold(hold_id) for hold_id in self._provider.holds}

    def open_holds(self) -> list[Hold]:
        """Return the holds that reserve money or still may: held, or waiting for card authentication."""
        with self._calls.lock:
            return self._provider.open_holds()

    def authenticate(self, hold_id: str, succeed: bool = True) -> None:
        """Complete card authentication: on success the amount is held, otherwise the card is declined.

        Raises `NotFound`, and `ValueError` if the hold does not wait for card authentication.
        """
        with self._calls.lock:
            self._provider.authenticate(hold_id, succeed=succeed)

    def add_payment_method(self, payment_method: ProviderPaymentMethod, *, behaviour: Behaviour = PLAIN) -> str:
        """Add a payment method as if a browser had created it, and return its id."""
        with self._calls.lock:
            return self._provider.add_payment_method(payment_method, behaviour)

    def set_balance(self, customer_id: str, balance: int) -> None:
        """Set a customer's balance in minor units. Raises `NotFound`."""
        with self._calls.lock:
            self._provider.change_customer(customer_id, balance=balance)

    def set_subscriptions(self, customer_id: str, count: int) -> None:
        """Set the number of a customer's active subscriptions. Raises `NotFound`."""
        with self._calls.lock:
            self._provider.set_subscriptions(customer_id, count)

    def add_other_payment_method(self, id: str, *, customer_id: str | None = None) -> str:
        """Add and attach a payment method that is not a card, such as a bank account, and return its id."""
        with self._calls.lock:
            return self._provider.add_other_payment_method(id, customer_id)

    def fail_next(self, method: str, error: Exception, *, after: bool = False, replayed: bool = False) -> None:
        """Raise `error` at the next call of `method`, such as `hold`. Faults of one method are queued.

        The call is not executed or, with `after`, is executed and its response is lost. With `replayed` the error is
        stored as the key's response, as Stripe does for a 5xx, and the same key raises it again.
        """
        with self._calls.lock:
            self._calls.fail_next(method, error, after=after or replayed, replayed=replayed)

    def fail_all(
        self, make_error: Callable[[], Exception], *, methods: Collection[str] = (), after: bool = False
    ) -> None:
        """Raise a new error at every call, or every call of `methods`, until `stop_failing`.

        The calls are not executed or, with `after`, are executed and their responses are lost.
        """
        with self._calls.lock:
            self._calls.fail_all(make_error, methods=methods, after=after)

    def stop_failing(self) -> None:
        """End what `fail_all` began."""
        with self._calls.lock:
            self._calls.stop_failing()

    # ---- the port

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        return self._calls.run("create_customer", [user_ref], lambda: self._provider.create_customer(user_ref), key=key)

    async def find_customer(self, user_ref: str) -> Customer | None:
        return self._calls.run("find_customer", [user_ref], lambda: self._provider.find_customer(user_ref))

    async def list_customers(self, *, after: str | None = None) -> Page[Customer]:
        return self._calls.run("list_customers", [after], lambda: self._provider.list_customers(after))

    async def retrieve_customer(self, customer_id: str) -> Customer:
        return self._calls.run("retrieve_customer", [customer_id], lambda: self._provider.customer(customer_id))

    async def update_customer(self, customer_id: str, *, email: EmailAddress | None, name: str | None) -> Customer:
        address = None if email is None else email.address
        return self._calls.run(
            "update_customer",
            [customer_id, email, name],
            lambda: self._provider.update_customer(customer_id, email=address, name=name),
        )

    async def inspect_customer(self, customer_id: str) -> CustomerUsage:
        return self._calls.run("inspect_customer", [customer_id], lambda: self._provider.usage_of(customer_id))

    async def anonymize_customer(self, customer_id: str) -> None:
        self._calls.run("anonymize_customer", [customer_id], lambda: self._provider.anonymize_customer(customer_id))

    async def delete_customer(self, customer_id: str) -> None:
        self._calls.run("delete_customer", [customer_id], lambda: self._provider.delete_customer(customer_id))

    async def set_default(self, customer_id: str, payment_method: str | None) -> None:
        self._calls.run(
            "set_default",
            [customer_id, payment_method],
            lambda: self._provider.set_default(customer_id, payment_method),
        )

    async def retrieve_payment_method(self, id: str) -> ProviderPaymentMethod:
        return self._calls.run(
            "retrieve_payment_method", [id], lambda: self._provider.payment_method(self._provider.use(id))
        )

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        return self._calls.run("list_payment_methods", [customer_id], lambda: self._provider.cards_of(customer_id))

    async def attach(self, *, customer_id: str, payment_method: str, key: str) -> ProviderPaymentMethod:
        return self._calls.run(
            "attach",
            [customer_id, payment_method],
            lambda: self._provider.attach(customer_id, self._provider.use(payment_method)),
            key=key,
        )

    async def detach(self, payment_method: str) -> None:
        self._calls.run("detach", [payment_method], lambda: self._provider.detach(payment_method))

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        return self._calls.run("hold", [request], lambda: self._provider.make_hold(request), key=key)

    async def retrieve_hold(self, hold_id: str) -> Hold:
        return self._calls.run("retrieve_hold", [hold_id], lambda: self._provider.hold(hold_id))

    async def find_hold(self, *, customer_id: str, verification_id: str) -> Hold | None:
        return self._calls.run(
            "find_hold",
            [customer_id, verification_id],
            lambda: self._provider.find_hold(customer_id, verification_id),
        )

    async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
        return self._calls.run("list_open_holds", [since, after], lambda: self._provider.list_open_holds(since, after))

    async def release(self, hold_id: str, *, key: str) -> Hold:
        return self._calls.run("release", [hold_id], lambda: self._provider.release(hold_id), key=key)


_: type[BlockingPaymentGateway] = MemoryGateway
