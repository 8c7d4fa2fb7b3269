"""The methods of `PaymentGateway` as requests to Stripe.

Cancel, attach, detach and delete may be repeated. If Stripe refuses one of them, the object is read again: an object
that is already canceled, attached, detached or deleted counts as success. Stripe stores a failure under its key for 24
hours, so such a call is then repeated without the key. A hold is never repeated without its key, because that could
hold a second amount.
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
from accounts_stripe.requesting import RequestSender, check_ids
from accounts_stripe.translation import (
    RESOURCE_MISSING,
    UNEXPECTED_STATE,
    get_body,
    raise_not_found,
    translate_errors,
)

UNSUPPORTED_TYPE: Final = "payment_method_unsupported_type"
"""Stripe's code for a payment method of a type that a call does not accept."""

SEARCH_LAG: Final = timedelta(hours=1)
"""The longest delay of Stripe's search. Source: Stripe's documentation, "Search": an hour during outages."""


class Operations(RequestSender):
    """The methods of `PaymentGateway`. Subclasses send the requests."""

    # ---- customers

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        return converters.to_customer(await self._request(calls.create_customer(user_ref, key=key)))

    async def find_customer(self, user_ref: str) -> Customer | None:
        """Return the oldest customer with the user's reference in its metadata, or None.

        Metadata can only be found by Stripe's search, which is delayed. Older customers are therefore searched, and
        each is read again; customers created within `SEARCH_LAG` before the newest one are listed. If search is refused
        (it is not available in every country, nor on every server with Stripe's API), all customers are listed.
        """
        try:
            searched, _ = converters.to_page(await self._request(calls.search_customers(user_ref)))
        except ProviderRefused:
            searched = ()
            listed = await self._list_customers(user_ref, within=None)
        else:
            listed = await self._list_customers(user_ref, within=SEARCH_LAG)
        listed_ids = {each.id for each in listed}
        older = [each for each in map(converters.to_customer, searched) if each.id not in listed_ids]
        older.sort(key=lambda each: each.created, reverse=True)
        for each in reversed(older):
            try:
                customer = await self.retrieve_customer(each.id)
            except NotFound:
                continue
            if _belongs_to(customer, user_ref):
                return customer
        return listed[-1] if listed else None

    async def list_customers(self, *, after: str | None = None) -> Page[Customer]:
        def read(object: Object) -> Customer | None:
            customer = converters.to_customer(object)
            return None if customer.user_ref is None else customer

        return await self._page(calls.list_customers(), after, read)

    async def _list_customers(self, user_ref: str, *, within: timedelta | None) -> list[Customer]:
        """Return a user's customers, newest first: all, or those created within a time before the newest customer."""
        since: datetime | None = None
        customers: list[Customer] = []

        def visit(object: Object) -> bool:
            nonlocal since
            customer = converters.to_customer(object)
            if since is None and within is not None:
                since = customer.created - within
            if since is not None and customer.created < since:
                return True
            if _belongs_to(customer, user_ref):
                customers.append(customer)
            return False

        await self._walk(calls.list_customers(), visit)
        return customers

    async def retrieve_customer(self, customer_id: str) -> Customer:
        with raise_not_found("customer", customer_id):
            return _to_existing_customer(await self._request(calls.retrieve_customer(customer_id)))

    async def update_customer(self, customer_id: str, *, email: EmailAddress | None, name: str | None) -> Customer:
        with raise_not_found("customer", customer_id):
            return _to_existing_customer(
                await self._request(calls.update_customer(customer_id, email=email, name=name))
            )

    async def inspect_customer(self, customer_id: str) -> CustomerUsage:
        customer = await self.retrieve_customer(customer_id)
        subscriptions: list[Object] = []
        methods: list[Object] = []
        with raise_not_found("customer", customer_id):
            await self._walk(calls.list_subscriptions(customer_id), subscriptions.append)
            await self._walk(calls.list_all_payment_methods(customer_id), methods.append)
        return CustomerUsage(
            subscriptions=sum(each.get("status") not in converters.OVER_SUBSCRIPTIONS for each in subscriptions),
            balance=customer.balance,
            other_payment_methods=sum(not converters.is_card(each) for each in methods),
        )

    async def anonymize_customer(self, customer_id: str) -> None:
        with raise_not_found("customer", customer_id):
            _to_existing_customer(await self._request(calls.anonymize_customer(customer_id)))

    async def delete_customer(self, customer_id: str) -> None:
        try:
            await self._request(calls.delete_customer(customer_id))
        except ProviderRefused as refusal:
            if refusal.code != RESOURCE_MISSING:
                raise

    async def set_default(self, customer_id: str, payment_method: str | None) -> None:
        with (
            raise_not_found("customer", customer_id),
            raise_not_found("payment method", payment_method, param="default_payment_method"),
        ):
            _to_existing_customer(await self._request(calls.set_default(customer_id, payment_method)))

    # ---- payment methods

    async def retrieve_payment_method(self, id: str) -> ProviderPaymentMethod:
        with raise_not_found("payment method", id):
            return converters.to_payment_method(_require_card(await self._request(calls.retrieve_payment_method(id))))

    async def list_payment_methods(self, customer_id: str) -> Sequence[ProviderPaymentMethod]:
        cards: list[ProviderPaymentMethod] = []

        def visit(method: Object) -> None:
            if converters.is_card(method):  # another server with Stripe's API may list other types too
                cards.append(converters.to_payment_method(method))

        with raise_not_found("customer", customer_id):
            await self._walk(calls.list_payment_methods(customer_id), visit)
        return cards

    async def attach(self, *, customer_id: str, payment_method: str, key: str) -> ProviderPaymentMethod:
        with (
            raise_not_found("payment method", payment_method),
            raise_not_found("customer", customer_id, param="customer"),
        ):
            try:
                attached = await self._request(calls.attach(payment_method, customer_id=customer_id, key=key))
            except ProviderRefused as refusal:
                if refusal.code == RESOURCE_MISSING:
                    raise
                current = await self.retrieve_payment_method(payment_method)
                if current.customer_id != customer_id:
                    raise
                return current
            except ProviderAmbiguous as failure:
                if not failure.replays:
                    raise
                current = await self.retrieve_payment_method(payment_method)
                if current.customer_id == customer_id:
                    return current
                attached = await self._request(calls.attach(payment_method, customer_id=customer_id, key=None))
            return converters.to_payment_method(attached)

    async def detach(self, payment_method: str) -> None:
        try:
            await self._request(calls.detach(payment_method))
        except ProviderRefused:
            try:
                with raise_not_found("payment method", payment_method):
                    current = await self._request(calls.retrieve_payment_method(payment_method))
            except NotFound:
                return
            if converters.get_id(current.get("customer")) is not None:
                raise

    # ---- holds

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        call = calls.create_intent(request, key=key)
        check_ids(call)
        with translate_errors(call):
            try:
                intent = await self._send(call)
            except stripe.CardError as declined:
                return converters.to_declined_hold(get_body(declined), request)
        if intent.get("status") == "processing" and intent.get("id"):
            # the key replays this response, while the intent itself changes
            return await self.retrieve_hold(intent["id"])
        return converters.to_hold(intent)

    async def retrieve_hold(self, hold_id: str) -> Hold:
        with raise_not_found("hold", hold_id):
            return converters.to_hold(await self._request(calls.retrieve_intent(hold_id)))

    async def find_hold(self, *, customer_id: str, verification_id: str) -> Hold | None:
        """Return the hold of a verification, or None.

        The customer's intents are listed, because a list has new objects at once, unlike a search.
        """
        intents: list[Object] = []

        def visit(intent: Object) -> bool:
            if (intent.get("metadata") or {}).get(VERIFICATION_ID) == verification_id:
                intents.append(intent)
            return bool(intents)

        try:
            await self._walk(calls.list_intents(customer_id), visit)
        except ProviderRefused as refusal:
            if refusal.code != RESOURCE_MISSING:
                raise
        return converters.to_hold(intents[0]) if intents else None

    async def list_open_holds(self, *, since: datetime, after: str | None = None) -> Page[OpenHold]:
        return await self._page(calls.list_intents_since(since), after, converters.to_open_hold)

    async def release(self, hold_id: str, *, key: str) -> Hold:
        with raise_not_found("hold", hold_id):
            try:
                return _require_released(await self._request(calls.cancel_intent(hold_id, key=key)))
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
                return _require_released(await self._request(calls.cancel_intent(hold_id, key=None)))
            except ProviderRefused as refusal:
                if refusal.code != UNEXPECTED_STATE:
                    raise
                hold = await self.retrieve_hold(hold_id)
                if hold.status is HoldStatus.RELEASED:
                    return hold
                raise ProviderBusy(f"The hold {hold_id} is {hold.status} and cannot be released now.") from refusal


def _belongs_to(customer: Customer, user_ref: str) -> bool:
    return customer.user_ref == user_ref


def _to_existing_customer(object: Object) -> Customer:
    """Convert a customer. Raises `ProviderRefused` for a deleted one, of which Stripe still returns the id."""
    if object.get("deleted"):
        raise ProviderRefused(RESOURCE_MISSING, "id")
    return converters.to_customer(object)


def _require_card(object: Object) -> Object:
    """Return the payment method if it is a card. Raises `ProviderRefused` for another type."""
    if not converters.is_card(object):
        raise ProviderRefused(UNSUPPORTED_TYPE, "payment_method")
    return object


def _require_released(intent: Object) -> Hold:
    hold = converters.to_hold(intent)
    if hold.status is not HoldStatus.RELEASED:
        raise ProviderAmbiguous(f"The hold {hold.id} was canceled and is {hold.status}.")
    return hold
