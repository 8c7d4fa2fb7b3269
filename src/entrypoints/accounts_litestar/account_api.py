"""The account API: the signed-in user, their notifications and their cards."""

from litestar import delete, get, post, put

from accounts_core.errors import AccountDeactivated, Invalid, InvalidToken
from accounts_core.use_cases.verify_card import Verified
from accounts_litestar import examples
from accounts_litestar.account_shapes import (
    CardNeedsAction,
    CardVerified,
    ChangedUser,
    ChangeUser,
    CurrentUser,
    Message,
    NotificationItem,
    VerifyPayment,
    card_needs_action,
    changed_user,
    current_user,
    notification_item,
)
from accounts_litestar.addresses import email_address
from accounts_litestar.answers import Answer
from accounts_litestar.bearer import token_of
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest, client_of, given, spelled, taken_is_invalid
from accounts_litestar.openapi import documented
from accounts_litestar.parameters import text_id
from accounts_litestar.stripe_shapes import CustomerObject, PaymentMethodList, customer_object, payment_method_list


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
            body=ChangeUser,
            example=examples.CHANGED_USER,
            problems=[403, 409],
        ),
    )
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
                email=None if address is None else email_address(address),
                new_password=new_password,
                current_password=old_password,
                signed_in_at=caller.session.created_at,
                keep_session=caller.session.id,
            )
        return self.answer(caller, changed_user(user))

    @put(
        "/deactivate",
        **documented(
            "deactivateCurrentUser",
            "Deactivate the account",
            body=Nothing,
            example=Message("Account is deactivated"),
            problems=[409],
        ),
    )
    async def deactivate(self, request: HttpRequest) -> Answer[Message]:
        """Every token is dead at once; all data stays, and `POST /api/auth/restore` brings the account back."""
        caller = await self.caller(request)
        await read(request, Nothing)
        try:
            await self.accounts.deactivate(caller.user.id)
        except AccountDeactivated as error:
            raise InvalidToken from error  # by another call, which ended this session with it
        return Answer(Message("Account is deactivated"))

    @get(
        "/notifications",
        **documented("listNotifications", "Retrieve all notifications", example=examples.NOTIFICATIONS),
    )
    async def notifications(self, request: HttpRequest) -> Answer[list[NotificationItem]]:
        caller = await self.caller(request)
        found = await self.accounts.list_notifications(caller.user.id)
        return self.answer(caller, [notification_item(notification) for notification in found])

    @put(
        "/notifications/read",
        status_code=NO_CONTENT,
        **documented("markAllNotificationsRead", "Mark all notifications as read", body=Nothing),
    )
    async def mark_all_read(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.mark_all_notifications_read(caller.user.id)
        return self.answer(caller, None)

    @put(
        "/notifications/{id:str}/read",
        status_code=NO_CONTENT,
        **documented("markNotificationRead", "Mark a notification as read", body=Nothing, problems=[404]),
    )
    async def mark_read(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.mark_notification_read(caller.user.id, text_id(request, "notification"))
        return self.answer(caller, None)

    @post(
        "/verify-payment",
        status_code=200,
        **documented(
            "verifyPayment",
            "Verify a card and keep it",
            body=VerifyPayment,
            example=CardVerified(),
            problems=[402, 409],
        ),
    )
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
            )
        if isinstance(outcome, Verified):
            return self.answer(caller, CardVerified())
        return self.answer(caller, card_needs_action(outcome))

    @get(
        "/list-payment-methods",
        **documented("listPaymentMethods", "Retrieve all payment methods", example=examples.PAYMENT_METHODS),
    )
    async def payment_methods(self, request: HttpRequest) -> Answer[PaymentMethodList]:
        caller, cards = await self.accounts.authenticate_with_payment_methods(token_of(request.scope))
        return self.answer(caller, payment_method_list(caller.user, cards))

    @put(
        "/payment-method/{id:str}/default",
        status_code=NO_CONTENT,
        **documented("setDefaultPaymentMethod", "Make a payment method the default", body=Nothing, problems=[404, 409]),
    )
    async def set_default(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.set_default_payment_method(caller.user.id, text_id(request, "payment method"))
        return self.answer(caller, None)

    @delete(
        "/payment-method/{id:str}",
        **documented("deletePaymentMethod", "Delete a payment method", body=Nothing, problems=[404, 409]),
    )
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
            problems=[404, 409],
        ),
    )
    async def customer(self, request: HttpRequest) -> Answer[CustomerObject]:
        """There is none until the first card was verified."""
        caller = await self.caller(request)
        return self.answer(caller, customer_object(await self.accounts.retrieve_customer(caller.user.id)))
