"""A2: an address that a mail library would decode is refused by every call, and one from before ends its job."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.http.client import PASSWORD, invalid
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import START, Clock, Populated

from accounts_core import MailDispatch
from accounts_core.accounts import Accounts
from accounts_core.ports.store import UnitOfWork
from accounts_core.sync import run_sync
from accounts_memory import MemoryGateway, MemoryStore, PlainHasher
from accounts_smtp import EmlMailer, MailComposer, Sender
from accounts_sql.statements.mapping import stored_email
from accounts_system import SystemSecrets

INJECTING = "=?utf-8?q?a=0D=0ABcc=3A=20evil=40evil=2Enet=0D=0AX=3A=20?=@example.org"
HOSTILE = [
    INJECTING,
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5uZXQ=?=@example.org",
    "jane.=?utf-8?q?=0D=0A?=@example.org",
    "=?us-ascii?q?=0D=0A_?=@example.org",
    "=?x@example.org",
    "\uff1d\uff1futf-8?q?=0D=0A?=@example.org",
    "jane@example.org\r\nBcc: evil@evil.net",
    "jane@example.org>\r\nRCPT TO:<evil@evil.net",
    "jane@example.org> NOTIFY=SUCCESS ORCPT=rfc822;evil@evil.net",
]
HONEST = ["o'brien+tag=x@example.org", "a=b?c@example.org", "a?=b@example.org", "-a!b%c@example.org"]
TAKING = [each for each in operations() if each.takes_body and "email" in each.fields]


def test_every_call_that_takes_an_address_is_tried() -> None:
    assert {each.path for each in TAKING} == {
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/restore",
        "/api/auth/forgot-password",
        "/api/users/current",
        "/api/v1/user",
        "/api/v1/accounts/{id}/invitations",
    }


@pytest.mark.parametrize("operation", TAKING, ids=str)
def test_a2_an_address_with_an_encoded_word_is_refused_by_every_call(
    populated: Populated, operation: Operation
) -> None:
    before = populated.service.dump()

    for address in HOSTILE:
        client = populated.jane if operation.needs_token else populated.service.api
        body = {**operation.good_body(), "email": address}
        for how in ({"json": body}, {"form": {name: str(value) for name, value in body.items()}}):
            invalid(client.call(operation.method, operation.path_with(populated.ids), **how), "email")

    assert populated.service.dump() == before


@pytest.mark.parametrize("address", HONEST)
def test_a2_an_address_that_only_looks_odd_signs_up_and_gets_its_mail(tmp_path: Path, address: str) -> None:
    accounts = accounts_with_mail(tmp_path)

    run_sync(accounts.register(email=address, password=PASSWORD, name="Jane"))
    run_sync(accounts.run_due())

    (file,) = tmp_path.iterdir()
    assert f"\r\nTo: {address}\r\n".encode() in file.read_bytes()


def test_a2_a_mail_to_an_address_from_before_the_rule_is_parked_at_once(tmp_path: Path) -> None:
    accounts = accounts_with_mail(tmp_path)
    jane = run_sync(accounts.register(email=stored_email(INJECTING, INJECTING), password=PASSWORD, name="Jane"))
    run_sync(accounts.run_due())
    run_sync(accounts.mark_email_verified(jane.id))
    run_sync(accounts.deactivate(jane.id))
    run_sync(accounts.run_due())

    assert list(tmp_path.iterdir()) == []
    verification, notice = run_sync(accounts.list_outbox())
    for job in (verification, notice):
        assert (job.attempts, job.dead_lettered_at) == (1, START)
        assert "evil" not in str(job.last_error)


def accounts_with_mail(folder: Path) -> Accounts[Any, UnitOfWork]:
    clock, secrets = Clock(START), SystemSecrets()
    return Accounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=MemoryStore(),
        payments=MemoryGateway(clock, secrets),
        passwords=PlainHasher(),
        mailer=EmlMailer(
            folder=folder,
            composer=MailComposer(sender=Sender.parse("no-reply@accounts.example"), public_url="https://a.example"),
            clock=clock,
        ),
        clock=clock,
        secrets=secrets,
    )
