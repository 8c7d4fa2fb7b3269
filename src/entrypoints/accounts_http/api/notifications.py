"""The notifications of the signed-in user."""

from accounts_core.model.paging import DEFAULT_NOTIFICATIONS
from accounts_http import examples
from accounts_http.api.account import AccountApi
from accounts_http.api.answers import Answer
from accounts_http.api.calls import ListCall, SignedInCall
from accounts_http.api.endpoints import Endpoints
from accounts_http.api.routes import IDEMPOTENT, NO_CONTENT, delete, get_list, put
from accounts_http.bodies import NoFields
from accounts_http.openapi.declarations import Docs
from accounts_http.openapi.links import into
from accounts_http.parameters import text_id
from accounts_http.schemas.account import NotificationItem, notification_item


class NotificationsApi(Endpoints):
    path = AccountApi.path
    area = AccountApi.area
    tags = AccountApi.tags

    @get_list(
        "/notifications",
        page_size=DEFAULT_NOTIFICATIONS,
        docs=Docs(
            "listNotifications",
            "List your notifications",
            example=examples.NOTIFICATIONS,
            links=into("markNotificationRead", "deleteNotification", id="$response.body#/0/_id"),
        ),
    )
    async def notifications(self, call: ListCall) -> Answer[list[NotificationItem]]:
        page = await call.accounts.list_notifications(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page([notification_item(notification) for notification in page], page)

    @put(
        "/notifications/read",
        body=NoFields,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("markAllNotificationsRead", "Mark all notifications as read"),
    )
    async def mark_all_read(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.mark_all_notifications_read(call.user_id)
        return call.answer(None)

    @put(
        "/notifications/{id}/read",
        body=NoFields,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("markNotificationRead", "Mark a notification as read", problems=(404,)),
    )
    async def mark_read(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.mark_notification_read(call.user_id, text_id(call.path["id"], "notification"))
        return call.answer(None)

    @delete(
        "/notifications/{id}",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("deleteNotification", "Delete a notification", problems=(404,)),
    )
    async def delete_notification(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.delete_notification(call.user_id, text_id(call.path["id"], "notification"))
        return call.answer(None)
