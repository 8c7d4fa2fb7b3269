"""What each method of `PaymentGateway` is in Stripe's requests and answers, whoever sends them.

Where a call is repeatable by its nature (cancel, attach, detach, delete), what Stripe says against it is settled by
reading the thing again: canceled, attached or gone already means done. Stripe keeps a failure under its key for 24
hours, so there the call is then made without the key; a hold never is, because a second one may freeze a second sum.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import stripe

from accounts_core.errors import NotFound, ProviderAmbiguous, ProviderBusy, ProviderRefused
from accounts_core.model.customer import Customer
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.payment_method import ProviderPaymentMethod
from accounts_core.ports.payment_gateway import CustomerUsage, Hold, HoldRequest, HoldStatus, OpenHold, Page
from accounts_stripe import calls, converters
from accounts_stripe.calls import VERIFICATION_ID
from accounts_stripe.converters import Object
from accounts_stripe.requesting import Requesting, check_ids
from accounts_stripe.translation import (
    RESOURCE_MISSING,
    UNEXPECTED_STATE,
    body_of,
    finding,
    translated,
)

UNSUPPORTED_TYPE: Final = "payment_method_unsupported_type"
"""Stripe's own code for a payment method of a kind that a call does not take."""

SEARCH_LAG: Final = timedelta(hours=1)
"""How far Stripe's search may be behind. Source: Stripe's documentation, "Search": an hour during outages."""


class Operations(Requesting):
    """Every method of the port, over one request."""

    # ---- customers

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        return converters.customer(await self._ask(calls.create_customer(user_ref, key=key)))

    async def find_customer(self, user_ref: str) -> Customer | None:
        """Return the oldest customer that carries the user's reference, or None.

        Stripe finds metadata by search alone, which lags. So search is asked for the old ones and each is read again,
        while those of the newest customer's last hour are listed. Where search is refused (it is not offered in every
        country, nor by every server that speaks Stripe's API) all customers are listed.
        """
        try:
            searched, _ = converters.page(await self._ask(calls.search_customers(user_ref)))
        except ProviderRefused:
            searched = ()
            listed = await self._list_customers(user_ref, within=None)
        else:
            listed = await self._list_customers(user_ref, within=SEARCH_LAG)
        known = {each.id for each in listed}
        older = [each for each in map(converters.customer, searched) if each.id not in known]
        older.sort(key=lambda each: each.created, reverse=True)
        for each in reversed(older):
            try:
                found = await self.retrieve_customer(each.id)
            except NotFound:
                continue
            if _is_of(found, user_ref):
                return found
        return listed[-1] if listed else None

    async def list_customers(self, *, after: str | None = None) -> Page[Customer]:
        return await self._page(calls.list_customers(), after, lambda each: _referring(converters.customer(each)))

    async def _list_customers(self, user_ref: str, *, within: timedelta | None) -> list[Customer]:
        """Return the user's customers, newest first: of all, or of those made within a time before the newest."""
        since: datetime | None = None
        found: list[Customer] = []

        def visit(object: Object) -> bool:
            nonlocal since
            customer = converters.customer(object)
            if since is None and within is not None:
                since = customer.created - within
            if since is not None and customer.created < since:
                return True
            if _is_of(customer, user_ref):
                found.append(customer)
            return False

        await self._walk(calls.list_customers(), visit)
        return found

    async def retrieve_customer(self, customer_id: str) -> Customer:
        with finding("customer", customer_id):
            return _living(await self._ask(calls.retrieve_customer(customer_id)))

    async def update_customer(self, customer_id: str, *, email: EmailAddress | None, name: str | None) -> Customer:
        with finding("customer", customer_id):
            return _living(await self._ask(calls.update_customer(customer_id, email=email, name=name)))

    async def inspect_customer(self, customer_id: str) -> CustomerUsage:
        customer = await self.retrieve_customer(customer_id)
        subscriptions: list[Object] = []
        methods: list[Object] = []
        with finding("customer", customer_id):
            await self._walk(calls.list_subscriptions(customer_id), subscriptions.append)
            await self._walk(calls.list_all_payment_methods(customer_id), methods.append)
        return CustomerUsage(
            subscriptions=sum(each.get("status") not in converters.OVER_SUBSCRIPTIONS for each in subscriptions),
            balance=customer.balance,
            other_payment_methods=sum(not converters.is_card(each) for each in methods),
        )

    async def anonymize_customer(self, customer_id: str) -> None:
        with finding("customer", customer_id):
            _living(await self._ask(calls.anonymize_customer(customer_id)))

    async def delete_customer(self, customer_id: str) -> None:
        try:
            await self._ask(calls.delete_customer(customer_id))
        except ProviderRefused as refusal:
            if refusal.code != RESOURCE_MISSING:
                raise

    async def set_default(self, customer_id: str, payment_method: str | None) -> None:
        with (
            finding("customer", customer_id),
            finding("payment method", payment_method, param="default_payment_method"),
        ):
            _living(await self._ask(calls.set_default(customer_id, payment_method)))

    # ---- payment methods

    async def retrieve_payment_method(self, id: str) -> ProviderPaymentMethod:
        with finding("payment method", id):
            return converters.payment_method(_card(await self._ask(calls.retrieve_payment_method(id))))

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        found: list[ProviderPaymentMethod] = []

        def visit(method: Object) -> None:
            if converters.is_card(method):  # asked for cards alone, a server of another make may list all the same
                found.append(converters.payment_method(method))

        with finding("customer", customer_id):
            await self._walk(calls.list_payment_methods(customer_id), visit)
        return found

    async def attach(self, *, customer_id: str, payment_method: str, key: str) -> ProviderPaymentMethod:
        with finding("payment method", payment_method), finding("customer", customer_id, param="customer"):
            try:
                attached = await self._ask(calls.attach(payment_method, customer_id=customer_id, key=key))
            except ProviderRefused as refusal:
                if refusal.code == RESOURCE_MISSING:
                    raise
                known = await self.retrieve_payment_method(payment_method)
                if known.customer_id != customer_id:
                    raise
                return known
            except ProviderAmbiguous as failure:
                if not failure.replays:
                    raise
                known = await self.retrieve_payment_method(payment_method)
                if known.customer_id == customer_id:
                    return known
                attached = await self._ask(calls.attach(payment_method, customer_id=customer_id, key=None))
            return converters.payment_method(attached)

    async def detach(self, payment_method: str) -> None:
        try:
            await self._ask(calls.detach(payment_method))
        except ProviderRefused:
            try:
                with finding("payment method", payment_method):
                    known = await self._ask(calls.retrieve_payment_method(payment_method))
            except NotFound:
                return
            if converters.id_of(known.get("customer")) is not None:
                raise

    # ---- holds

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        call = calls.create_intent(request, key=key)
        check_ids(call)
        with translated(call):
            try:
                intent = await self._send(call)
            except stripe.CardError as declined:
                return converters.declined_hold(body_of(declined), request)
        if intent.get("status") == "processing" and intent.get("id"):
            # The key has this answer for good; the intent itself goes on.
            return await self.retrieve_hold(intent["id"])
        return converters.hold(intent)

    async def retrieve_hold(self, hold_id: str) -> Hold:
        with finding("hold", hold_id):
            return converters.hold(await self._ask(calls.retrieve_intent(hold_id)))

    async def find_hold(self, *, customer_id: str, verification_id: str) -> Hold | None:
        """Return the hold that was asked for this verification, or None.

        By listing what the customer has, newest first: a list, unlike a search, shows what was made a moment ago.
        """
        found: list[Object] = []

        def visit(intent: Object) -> bool:
            if (intent.get("metadata") or {}).get(VERIFICATION_ID) == verification_id:
                found.append(intent)
            return bool(found)

        try:
            await self._walk(calls.list_intents(customer_id), visit)
        except ProviderRefused as refusal:
            if refusal.code != RESOURCE_MISSING:
                raise
        return converters.hold(found[0]) if found else None

    async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
        return await self._page(calls.list_intents_since(since), after, converters.open_hold)

    async def release(self, hold_id: str, *, key: str) -> Hold:
        with finding("hold", hold_id):
            try:
                return _released(await self._ask(calls.cancel_intent(hold_id, key=key)))
            except ProviderAmbiguous as failure:
                if not failure.replays:
                    raise
            except ProviderRefused as refusal:
                if refusal.code != UNEXPECTED_STATE:
                    raise
            hold = await self.retrieve_hold(hold_id)
            if hold.status is HoldStatus.RELEASED:
                return hold
            try:
                return _released(await self._ask(calls.cancel_intent(hold_id, key=None)))
            except ProviderRefused as refusal:
                if refusal.code != UNEXPECTED_STATE:
                    raise
                hold = await self.retrieve_hold(hold_id)
                if hold.status is HoldStatus.RELEASED:
                    return hold
                raise ProviderBusy(f"The hold {hold_id} is {hold.status} and cannot be let go just now.") from refusal


def _is_of(customer: Customer, user_ref: str) -> bool:
    return customer.user_ref == user_ref


def _referring(customer: Customer) -> Customer | None:
    return None if customer.user_ref is None else customer


def _living(object: Object) -> Customer:
    """Read a customer. Of a deleted one Stripe still knows that it was: that counts as missing."""
    if object.get("deleted"):
        raise ProviderRefused(RESOURCE_MISSING, "id")
    return converters.customer(object)


def _card(object: Object) -> Object:
    """Return a payment method that is a card. Raises `ProviderRefused` for one of another kind."""
    if not converters.is_card(object):
        raise ProviderRefused(UNSUPPORTED_TYPE, "payment_method")
    return object


def _released(intent: Object) -> Hold:
    hold = converters.hold(intent)
    if hold.status is not HoldStatus.RELEASED:
        raise ProviderAmbiguous(f"The hold {hold.id} was canceled and is {hold.status}.")
    return hold
