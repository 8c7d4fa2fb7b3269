"""The notifications of the signed-in user."""

from litestar import delete, get, put

from accounts_core.model.paging import DEFAULT_NOTIFICATIONS
from accounts_litestar import examples
from accounts_litestar.account_api import AccountApi
from accounts_litestar.account_shapes import (
    NotificationItem,
    notification_item,
)
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest
from accounts_litestar.links import into
from accounts_litestar.openapi import documented
from accounts_litestar.parameters import next_link, page_query, text_id
from accounts_litestar.repeating import repeatable


class NotificationsApi(Endpoints):
    path = AccountApi.path
    tags = AccountApi.tags

    @get(
        "/notifications",
        **documented(
            "listNotifications",
            "List notifications",
            example=examples.NOTIFICATIONS,
            paged=DEFAULT_NOTIFICATIONS,
            links=into("markNotificationRead", "deleteNotification", id="$response.body#/0/_id"),
        ),
    )
    async def notifications(self, request: HttpRequest) -> Answer[list[NotificationItem]]:
        caller = await self.caller(request)
        query = page_query(request, default=DEFAULT_NOTIFICATIONS)
        page = await self.accounts.list_notifications(caller.user.id, limit=query.limit, before=query.before)
        found = [notification_item(notification) for notification in page]
        return self.answer(caller, found, headers=next_link(request, query, page))

    @put(
        "/notifications/read",
        status_code=NO_CONTENT,
        **documented("markAllNotificationsRead", "Mark all notifications as read", keyed=True, body=Nothing),
    )
    @repeatable()
    async def mark_all_read(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.mark_all_notifications_read(caller.user.id)
        return self.answer(caller, None)

    @put(
        "/notifications/{id:str}/read",
        status_code=NO_CONTENT,
        **documented("markNotificationRead", "Mark a notification as read", keyed=True, body=Nothing, problems=[404]),
    )
    @repeatable()
    async def mark_read(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.mark_notification_read(caller.user.id, text_id(request, "notification"))
        return self.answer(caller, None)

    @delete(
        "/notifications/{id:str}",
        **documented("deleteNotification", "Delete a notification", keyed=True, body=Nothing, problems=[404]),
    )
    @repeatable()
    async def delete_notification(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.delete_notification(caller.user.id, text_id(request, "notification"))
        return self.answer(caller, None)
