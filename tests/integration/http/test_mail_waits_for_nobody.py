"""A12: no request waits for the mail server, whatever it asks for and whatever hangs."""

import asyncio
from typing import Any

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client
from tests.integration.http.openapi import operations
from tests.integration.http.service import Service, populate

from accounts_core.model.jobs import JobKind, topics_of
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_memory import MemoryMailer

MOST_SECONDS = 30
"""Far more than any answer takes; what hangs would hang for ever."""

OF_THE_ACCOUNT = {
    "updateCurrentUser": {"email": "jane@new.example.org", "oldPassword": PASSWORD},
    "updateUser": {
        "email": "jane@newer.example.org",
        "password": OTHER_PASSWORD,
        "password_confirmation": OTHER_PASSWORD,
        "current_password": PASSWORD,
    },
    "verifyPayment": {"paymentMethod": "pm_card_amex"},
    "invite": {"email": "somebody@example.org"},
    "register": {"email": "else@example.org", "password": PASSWORD, "name": "Somebody Else"},
    "forgotPassword": {"email": "jane@example.org"},
    "login": {"email": "john@example.org", "password": PASSWORD},
}
"""Bodies with which a call does what leads to a mail; every other call gets the document's example."""
LAST = [
    *("handOverAccount", "deleteAccount", "updateUser", "resetPassword", "deactivateCurrentUser", "restore"),
    *("logout", "endSession", "deleteUser"),
]
"""These take away what the others need."""


def test_every_call_is_answered_while_the_mail_server_hangs_and_none_asks_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    populated = populate(service)
    jane, ids = populated.jane, populated.ids
    service.api.post("/api/auth/forgot-password", json={"email": "john@example.org"})
    token = service.mailed(MailKind.RESET_PASSWORD)["token"]
    begun: list[MailMessage] = []

    async def hang(_: MemoryMailer, notice: MailMessage) -> None:
        begun.append(notice)
        await asyncio.Event().wait()

    monkeypatch.setattr(MemoryMailer, "deliver", hang)
    bodies: dict[str, Any] = {**OF_THE_ACCOUNT, "resetPassword": {"token": token, "password": OTHER_PASSWORD}}
    bodies["restore"] = {"email": "jane@example.org", "password": OTHER_PASSWORD}
    bodies["handOverAccount"] = {"user_id": jane.user["id"]}
    bodies["deleteUser"] = {"password": OTHER_PASSWORD}
    calls = {operation.spec["operationId"]: operation for operation in operations()}
    assert bodies.keys() | set(LAST) <= calls.keys()
    done: set[str] = set()

    for name in [*(each for each in calls if each not in LAST), *LAST]:
        operation = calls[name]
        body = bodies.get(name) or (operation.good_body() if operation.takes_body else None)
        caller: Client = service.api if name in {"register", "login", "resetPassword", "restore"} else jane

        async def call() -> int:
            answer = await caller.request(operation.method, operation.path_with(ids), json=body)  # noqa: B023
            return answer.status_code

        status = service.run(asyncio.wait_for(call(), MOST_SECONDS))
        assert status < 500, name
        if status < 300:
            done.add(name)
        if name in {"restore", "logout", "endSession"}:
            jane = service.api.sign_in("jane@example.org", OTHER_PASSWORD)

    assert done >= bodies.keys() | {"deactivateCurrentUser", "deletePaymentMethod"}
    assert begun == []
    waiting = [job for job in service.run(service.accounts.list_outbox()) if job.topic in topics_of({JobKind.MAIL})]
    assert len(waiting) >= 10
