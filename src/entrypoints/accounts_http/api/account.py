"""The account API: the signed-in user and their cards."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec

from accounts_core.errors import AccountDeactivated, Invalid, InvalidToken
from accounts_core.results import ExportPart, ExportWriter, VerificationResult
from accounts_http import examples
from accounts_http.access_log import note_user
from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.calls import Call, ListCall, SignedInCall, answer_to
from accounts_http.api.endpoints import Endpoints, field_names, taken_is_invalid
from accounts_http.api.requests import access_token
from accounts_http.api.routes import IDEMPOTENT, NO_CONTENT, delete, get, get_list, post, public_get, put
from accounts_http.bodies import NoFields, value_or_none
from accounts_http.email_addresses import new_email_address
from accounts_http.idempotency import Idempotency
from accounts_http.openapi.declarations import Docs
from accounts_http.openapi.links import into
from accounts_http.parameters import text_id
from accounts_http.schemas.account import (
    CHANGED_NAMES,
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
from accounts_http.schemas.profile import profile_changes
from accounts_http.schemas.profile_data import profile_data, shown_profile, with_profile
from accounts_http.schemas.stripe import CustomerObject, PaymentMethodList, customer_object, payment_method_list

DEACTIVATED: Final = Message("Account is deactivated")

UNTIL_VERIFIED: Final = Idempotency(in_single_unit=False, is_final=lambda content: isinstance(content, CardVerified))
"""Repeats of `verify-payment`: the provider is called between its transactions, and only success is final."""

_CHUNK_BYTES: Final = 32 * 1024
"""An export is sent in chunks of at least this size, and of at most one page more."""


class AccountApi(Endpoints):
    path = "/api/users/current"
    area = "account"
    tags = ("Account",)

    @get("/", docs=Docs("getCurrentUser", "Retrieve the current user", example=examples.CURRENT_USER))
    async def current(self, call: SignedInCall[None]) -> Answer[CurrentUser]:
        user = call.caller.user
        return call.answer(with_profile(current_user(user), shown_profile(call.accounts, user)))

    @put(
        "/",
        body=ChangeUser,
        idempotency=IDEMPOTENT,
        docs=Docs("updateCurrentUser", "Update the current user", example=examples.CHANGED_USER, problems=(403, 429)),
    )
    async def update(self, call: SignedInCall[ChangeUser]) -> Answer[ChangedUser]:
        """A new password ends all other sessions. A new email address replaces a verified one once it is verified."""
        body, session = call.body, call.caller.session
        old_password, new_password = value_or_none(body.old_password), value_or_none(body.new_password)
        if new_password is not None and old_password is None:
            raise Invalid("oldPassword", "A new password needs the old one.")
        address = value_or_none(body.email)
        with field_names(CHANGED_NAMES), taken_is_invalid():
            user = await call.accounts.update_profile(
                call.user_id,
                email=None if address is None else new_email_address(address),
                new_password=new_password,
                current_password=old_password,
                signed_in_at=session.created_at,
                keep_session=session.id,
                client=call.client,
                profile=profile_data(body),
                **profile_changes(body),
            )
        return call.answer(with_profile(changed_user(user), shown_profile(call.accounts, user)))

    @put(
        "/deactivate",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("deactivateCurrentUser", "Deactivate your account", example=DEACTIVATED),
    )
    async def deactivate(self, call: SignedInCall[NoFields]) -> Answer[Message]:
        """Revokes all access tokens. Your data is kept, and `POST /api/auth/restore` reactivates the account."""
        try:
            await call.accounts.deactivate(call.user_id)
        except AccountDeactivated as error:
            raise InvalidToken from error  # another call deactivated it, which ended this session
        return Answer(DEACTIVATED)

    @post(
        "/verify-payment",
        body=VerifyPayment,
        status=200,
        idempotency=UNTIL_VERIFIED,
        docs=Docs(
            "verifyPayment",
            "Verify and save a card",
            example=CardVerified(),
            links=into("listPaymentMethods", "retrieveCustomer"),
            problems=(402, 429),
        ),
    )
    async def verify_payment(self, call: SignedInCall[VerifyPayment]) -> Answer[CardVerified | CardNeedsAction]:
        """Places a small hold on the card and releases it, then saves the card. The first card becomes the default."""
        with field_names({"payment_method": "paymentMethod", "return_url": "returnUrl"}):
            outcome = await self.service.verifications.verify(
                call.user_id,
                payment_method=call.body.payment_method,
                return_url=value_or_none(call.body.return_url),
                client=call.client,
                idempotency_key=call.idempotency_key,
                accounts=call.accounts,
            )
        if isinstance(outcome, VerificationResult):
            return call.answer(CardVerified())
        return call.answer(card_needs_action(outcome))

    @get_list(
        "/verifications", docs=Docs("listVerifications", "List your card verifications", example=examples.VERIFICATIONS)
    )
    async def verifications(self, call: ListCall) -> Answer[list[VerificationItem]]:
        """Returns open and completed verifications, newest first. `reason` says why one ended without a card."""
        page = await call.accounts.list_verifications(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page([verification_item(view) for view in page], page)

    @public_get(
        "/list-payment-methods",
        needs_token=True,
        docs=Docs(
            "listPaymentMethods",
            "List your payment methods",
            example=examples.PAYMENT_METHODS,
            links=into("setDefaultPaymentMethod", "deletePaymentMethod", id="$response.body#/data/0/id"),
        ),
    )
    async def payment_methods(self, call: Call[None]) -> Answer[PaymentMethodList]:
        # the token is checked in the round trip that reads the cards
        caller, cards = await call.accounts.authenticate_with_payment_methods(access_token(call.request), touch=False)
        note_user(caller.user.id)
        return answer_to(call.accounts, caller, payment_method_list(caller.user, cards))

    @put(
        "/payment-method/{id}/default",
        body=NoFields,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("setDefaultPaymentMethod", "Set the default payment method", problems=(404,)),
    )
    async def set_default(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.set_default_payment_method(call.user_id, text_id(call.path["id"], "payment method"))
        return call.answer(None)

    @delete(
        "/payment-method/{id}",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("deletePaymentMethod", "Delete a payment method", problems=(404,)),
    )
    async def delete_payment_method(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """If it was the default, the newest remaining card becomes the default."""
        await call.accounts.remove_payment_method(call.user_id, text_id(call.path["id"], "payment method"))
        return call.answer(None)

    @get(
        "/retrieve",
        docs=Docs(
            "retrieveCustomer",
            "Retrieve your customer at the payment provider",
            example=examples.CUSTOMER,
            problems=(404, 409, 429),
        ),
    )
    async def customer(self, call: SignedInCall[None]) -> Answer[CustomerObject]:
        """The customer is created with your first verified card."""
        return call.answer(customer_object(await call.accounts.retrieve_customer(call.user_id)))

    @get_list("/activity", docs=Docs("listActivity", "List your account activity", example=examples.ACTIVITY))
    async def activity(self, call: ListCall) -> Answer[list[ActivityItem]]:
        """Returns the audit trail of your account, newest first."""
        page = await call.accounts.list_activity(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page([activity_item(entry) for entry in page], page)

    @get(
        "/export",
        docs=Docs("exportPersonalData", "Export your personal data", problems=(409, 429)),
    )
    async def export(self, call: SignedInCall[None]) -> Streamed:
        """Returns everything that is stored about you, except secrets, as one JSON object.

        The export is streamed while it is read; changes made meanwhile may or may not be included. If reading fails,
        the connection is closed and the document is incomplete.
        """
        return call.stream(_written(await call.accounts.stream_personal_data(call.user_id)))


async def _written(parts: AsyncGenerator[ExportPart, None]) -> AsyncGenerator[bytes, None]:
    """Write the parts as one JSON object, in chunks of `_CHUNK_BYTES` or more."""
    writer, text = ExportWriter(msgspec.json.encode), bytearray()
    async with aclosing(parts):
        async for part in parts:
            text += writer.write(part)
            if len(text) >= _CHUNK_BYTES:
                yield bytes(text)
                text.clear()
    yield bytes(text + writer.end())
