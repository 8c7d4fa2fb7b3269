"""The account API: the signed-in user and their cards."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar import delete, get, post, put

from accounts_core.errors import AccountDeactivated, Invalid, InvalidToken
from accounts_core.model.paging import DEFAULT_PAGE
from accounts_core.results import ExportPart, ExportWriter, VerificationResult
from accounts_litestar import examples
from accounts_litestar.account_shapes import (
    ActivityItem,
    CardNeedsAction,
    CardVerified,
    ChangedUser,
    ChangeUser,
    CurrentUser,
    Message,
    VerificationItem,
    VerifyPayment,
    activity_item,
    card_needs_action,
    changed_user,
    current_user,
    verification_item,
)
from accounts_litestar.addresses import new_email_address
from accounts_litestar.answers import Answer
from accounts_litestar.bearer import token_of
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest, client_of, given, spelled, taken_is_invalid
from accounts_litestar.links import into
from accounts_litestar.openapi import documented
from accounts_litestar.parameters import next_link, page_query, text_id
from accounts_litestar.repeating import repeatable
from accounts_litestar.requests import asked_by
from accounts_litestar.stripe_shapes import CustomerObject, PaymentMethodList, customer_object, payment_method_list

_CHUNK_BYTES: Final = 32 * 1024
"""An export is sent in chunks of so many bytes at least, and of a page more at most."""


class AccountApi(Endpoints):
    path = "/api/users/current"
    tags = ("Account",)

    @get("/", **documented("getCurrentUser", "Retrieve the signed-in user", example=examples.CURRENT_USER))
    async def current(self, request: HttpRequest) -> Answer[CurrentUser]:
        caller = await self.caller(request)
        return self.answer(caller, current_user(caller.user))

    @put(
        "/",
        **documented(
            "updateCurrentUser",
            "Change name, address or password",
            keyed=True,
            body=ChangeUser,
            example=examples.CHANGED_USER,
            problems=[403, 429],
        ),
    )
    @repeatable()
    async def update(self, request: HttpRequest) -> Answer[ChangedUser]:
        """A new password ends every other session. A new address replaces a verified one once it is verified."""
        caller = await self.caller(request)
        wish = await read(request, ChangeUser)
        old_password, new_password = given(wish.old_password), given(wish.new_password)
        if new_password is not None and old_password is None:
            raise Invalid("oldPassword", "A new password needs the old one.")
        address = given(wish.email)
        with spelled({"new_password": "newPassword", "current_password": "oldPassword"}), taken_is_invalid():
            user = await self.accounts.update_profile(
                caller.user.id,
                name=given(wish.name),
                email=None if address is None else new_email_address(address),
                new_password=new_password,
                current_password=old_password,
                signed_in_at=caller.session.created_at,
                keep_session=caller.session.id,
                client=client_of(request),
            )
        return self.answer(caller, changed_user(user))

    @put(
        "/deactivate",
        **documented(
            "deactivateCurrentUser",
            "Deactivate the account",
            keyed=True,
            body=Nothing,
            example=Message("Account is deactivated"),
        ),
    )
    @repeatable()
    async def deactivate(self, request: HttpRequest) -> Answer[Message]:
        """Every token is dead at once; all data stays, and `POST /api/auth/restore` brings the account back."""
        caller = await self.caller(request)
        await read(request, Nothing)
        try:
            await self.accounts.deactivate(caller.user.id)
        except AccountDeactivated as error:
            raise InvalidToken from error  # by another call, which ended this session with it
        return Answer(Message("Account is deactivated"))

    @post(
        "/verify-payment",
        status_code=200,
        **documented(
            "verifyPayment",
            "Verify a card and keep it",
            keyed=True,
            body=VerifyPayment,
            example=CardVerified(),
            links=into("listPaymentMethods", "retrieveCustomer"),
            problems=[402, 429],
        ),
    )
    @repeatable(in_single_unit=False, is_final=lambda content: isinstance(content, CardVerified))
    async def verify_payment(self, request: HttpRequest) -> Answer[CardVerified | CardNeedsAction]:
        """A small sum is held and let go again; the card is then the user's, and the default if it is the first."""
        caller = await self.caller(request)
        card = await read(request, VerifyPayment)
        with spelled({"payment_method": "paymentMethod", "return_url": "returnUrl"}):
            outcome = await self.verifying.verify(
                caller.user.id,
                payment_method=card.payment_method,
                return_url=given(card.return_url),
                client=client_of(request),
                idempotency_key=self.idempotency_key,
                accounts=self.accounts,
            )
        if isinstance(outcome, VerificationResult):
            return self.answer(caller, CardVerified())
        return self.answer(caller, card_needs_action(outcome))

    @get(
        "/verifications",
        **documented(
            "listVerifications", "List card verifications", example=examples.VERIFICATIONS, paged=DEFAULT_PAGE
        ),
    )
    async def verifications(self, request: HttpRequest) -> Answer[list[VerificationItem]]:
        """Open and ended ones, the newest first. `reason` is the decline code, or what else ended it without a card."""
        caller = await self.caller(request)
        query = page_query(request)
        page = await self.accounts.list_verifications(caller.user.id, limit=query.limit, before=query.before)
        found = [verification_item(view) for view in page]
        return self.answer(caller, found, headers=next_link(request, query, page))

    @get(
        "/list-payment-methods",
        **documented(
            "listPaymentMethods",
            "Retrieve all payment methods",
            example=examples.PAYMENT_METHODS,
            links=into("setDefaultPaymentMethod", "deletePaymentMethod", id="$response.body#/data/0/id"),
        ),
    )
    async def payment_methods(self, request: HttpRequest) -> Answer[PaymentMethodList]:
        caller, cards = await self.accounts.authenticate_with_payment_methods(token_of(request.scope))
        asked_by(caller.user.id)
        return self.answer(caller, payment_method_list(caller.user, cards))

    @put(
        "/payment-method/{id:str}/default",
        status_code=NO_CONTENT,
        **documented(
            "setDefaultPaymentMethod",
            "Make a payment method the default",
            keyed=True,
            body=Nothing,
            problems=[404],
        ),
    )
    @repeatable()
    async def set_default(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.set_default_payment_method(caller.user.id, text_id(request, "payment method"))
        return self.answer(caller, None)

    @delete(
        "/payment-method/{id:str}",
        **documented("deletePaymentMethod", "Delete a payment method", keyed=True, body=Nothing, problems=[404]),
    )
    @repeatable()
    async def delete_payment_method(self, request: HttpRequest) -> Answer[None]:
        """When it was the default, the newest card that is left becomes it."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.remove_payment_method(caller.user.id, text_id(request, "payment method"))
        return self.answer(caller, None)

    @get(
        "/retrieve",
        **documented(
            "retrieveCustomer",
            "Retrieve the payment provider's customer",
            example=examples.CUSTOMER,
            problems=[404, 409, 429],
        ),
    )
    async def customer(self, request: HttpRequest) -> Answer[CustomerObject]:
        """There is none until the first card was verified."""
        caller = await self.caller(request)
        return self.answer(caller, customer_object(await self.accounts.retrieve_customer(caller.user.id)))

    @get(
        "/activity",
        **documented("listActivity", "See what happened to the account", example=examples.ACTIVITY, paged=DEFAULT_PAGE),
    )
    async def activity(self, request: HttpRequest) -> Answer[list[ActivityItem]]:
        """Who did what, and when: the newest first."""
        caller = await self.caller(request)
        query = page_query(request)
        page = await self.accounts.list_activity(caller.user.id, limit=query.limit, before=query.before)
        return self.answer(caller, [activity_item(entry) for entry in page], headers=next_link(request, query, page))

    @get(
        "/export",
        **documented("exportPersonalData", "Take along everything that is stored about oneself", problems=[409, 429]),
    )
    async def export(self, request: HttpRequest) -> Answer[dict[str, Any]]:
        """Everything but what is secret, as JSON, by name.

        It is sent while it is read: what is written meanwhile may be in it or not. When it cannot be read to its end,
        the connection is closed and the document is not complete.
        """
        caller = await self.caller(request)
        return self.stream(caller, _written(await self.accounts.stream_personal_data(caller.user.id)))


async def _written(parts: AsyncGenerator[ExportPart, None]) -> AsyncGenerator[bytes, None]:
    """Write the parts as one JSON object; small ones wait for each other."""
    writer, text = ExportWriter(msgspec.json.encode), bytearray()
    async with aclosing(parts):
        async for part in parts:
            text += writer.write(part)
            if len(text) >= _CHUNK_BYTES:
                yield bytes(text)
                text.clear()
    yield bytes(text + writer.end())
