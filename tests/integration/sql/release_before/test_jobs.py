"""Every job that the release before left in its database is done."""

from datetime import timedelta

import attrs
from tests.integration.sql.release_before.database import (
    ANN,
    BOOKSHOP,
    CHALLENGED,
    JANE,
    LOST,
    MARY,
    PASSWORD,
    UNLESS_USED,
    cards,
    invited,
    jobs,
    second,
)

from accounts_core import BlockingAccounts
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.jobs import (
    JOBS,
    DeleteCustomerJob,
    DetachCardJob,
    InvitationMailJob,
    InviteJob,
    RecoveryMailJob,
    SecurityMailJob,
    SendInvitationsJob,
    SignUpJob,
    SyncCustomerJob,
    SyncDefaultJob,
    TakenMailJob,
    UpdateCustomerJob,
    VerificationMailJob,
    VerifyCardJob,
    read_job,
)
from accounts_core.model.mail_kind import MailKind
from accounts_core.model.secret_values import PasswordHash
from accounts_core.results import WorkerRun
from accounts_memory import MemoryGateway, MemoryMailer


def test_every_payload_is_read_as_it_was_meant(accounts: BlockingAccounts) -> None:
    stored = [job for job in jobs(accounts).values() if job.topic in JOBS and job.dead_lettered_at is None]
    read = [read_job(job) for job in stored]
    jane = EmailAddress("jane@example.org")
    (hashed,) = [job.payload["password_hash"] for job in stored if "password_hash" in job.payload]

    expected = [
        VerifyCardJob(verification=CHALLENGED),
        VerifyCardJob(verification=LOST),
        DetachCardJob(payment_method="pm_old"),
        SyncDefaultJob(user=JANE, chosen="pm_second"),
        SyncDefaultJob(user=ANN),
        DeleteCustomerJob(customer="cus_0wHeLAOx96P5sb"),
        DeleteCustomerJob(user_ref=f"{92:024x}"),
        DeleteCustomerJob(customer=UNLESS_USED, unless_used=True),
        UpdateCustomerJob(user=JANE, customer="cus_62POOmrQw6n1Pe"),
        UpdateCustomerJob(user=ANN),
        SyncCustomerJob(customer="cus_62POOmrQw6n1Pe"),
        *[
            SecurityMailJob(
                to=to,
                user=user,
                purpose=MailKind.CARD_ADDED,
                values={"happened_at": second(step).isoformat(), "brand": "visa", "last4": "4242"},
            )
            for to, user, step in [(jane, JANE, 23), (jane, JANE, 24), (EmailAddress("ann@example.org"), ANN, 25)]
        ],
        SecurityMailJob(to=jane, purpose=MailKind.PASSWORD_CHANGED, values={"happened_at": second(33).isoformat()}),
        VerificationMailJob(user=MARY),
        RecoveryMailJob(email=jane),
        SignUpJob(sign_up="sgn_3dSvDWsyLtH2AxdEqQoMAY", opens=True),
        SignUpJob(sign_up="sgn_3iK4Sxn3yUbhXhEBsgx5mP", opens=False),
        SignUpJob(email=EmailAddress("older@example.org"), name="Older Form", password_hash=PasswordHash(hashed)),
        TakenMailJob(email=jane),
        InviteJob(team=BOOKSHOP, by=JANE, email=EmailAddress("quiet@example.org")),
        SendInvitationsJob(user=ANN),
        InvitationMailJob(invitation="inv_1JRl1zjiRiR9BbNJu6eLPh"),
        InvitationMailJob(invitation="inv_0oQeEtH0gBSDO0B0XDbiY0"),
    ]
    assert sorted(read, key=repr) == sorted(expected, key=repr)


def test_a_customer_that_is_used_meanwhile_is_not_deleted_where_the_job_says_so(
    accounts: BlockingAccounts, gateway: MemoryGateway
) -> None:
    gateway.set_balance(UNLESS_USED, -100)

    assert accounts.run_due() == WorkerRun(done=29, dead_lettered=1)

    deleted = [call.arguments for call in gateway.calls if call.method == "delete_customer"]
    assert deleted == [("cus_3wMhlgr1NgawGj",), ("cus_0wHeLAOx96P5sb",)]


def test_a_worker_does_every_job_of_the_core_and_leaves_the_hosts(accounts: BlockingAccounts) -> None:
    before = jobs(accounts)

    assert [accounts.run_due(), accounts.run_due()] == [WorkerRun(done=30), WorkerRun()]

    challenge = before[f"job_{CHALLENGED}"]
    waits = attrs.evolve(challenge, attempts=2, lease=None, due=challenge.created_at + timedelta(hours=1))
    assert jobs(accounts) == {
        "job_parked": before["job_parked"],
        "job_of_the_host": before["job_of_the_host"],
        challenge.id: waits,
    }
    assert (before["job_parked"].dead_lettered_at, before["job_of_the_host"].attempts) == (second(33), 0)


def test_the_jobs_send_their_mails(accounts: BlockingAccounts, mailer: MemoryMailer) -> None:
    accounts.run_due()

    assert sorted((notice.kind, notice.to.address) for notice in mailer.delivered) == [
        (MailKind.ALREADY_REGISTERED, "jane@example.org"),
        (MailKind.CARD_ADDED, "ann@example.org"),
        *[(MailKind.CARD_ADDED, "jane@example.org")] * 3,  # the third is of the card whose hold's answer was lost
        (MailKind.INVITATION, "jane@example.org"),
        (MailKind.INVITATION, "late@example.org"),
        (MailKind.INVITATION, "quiet@example.org"),
        (MailKind.INVITATION, "stranger@example.org"),
        (MailKind.PASSWORD_CHANGED, "jane@example.org"),
        (MailKind.RESET_PASSWORD, "jane@example.org"),
        *[(MailKind.VERIFY_EMAIL, "mary@example.org")] * 2,
        (MailKind.VERIFY_EMAIL, "new@example.org"),
        (MailKind.VERIFY_EMAIL, "older@example.org"),
    ]
    told = {notice.id: dict(notice.values) for notice in mailer.delivered}
    assert told["job_notice_24"] == {"happened_at": second(25).isoformat(), "brand": "visa", "last4": "4242"}
    assert [values for values in told.values() if [*values] == ["happened_at"]] == [
        {"happened_at": second(33).isoformat()}
    ]
    assert invited(accounts)[0] == "quiet@example.org"


def test_the_jobs_of_sign_ups_open_accounts_with_their_passwords(accounts: BlockingAccounts) -> None:
    accounts.run_due()

    for address, name in [("new@example.org", "New Person"), ("older@example.org", "Older Form")]:
        assert accounts.sign_in(email=address, password=PASSWORD).user.name == name
    # somebody who asks for the address of an account does not change it
    assert accounts.sign_in(email="mary@example.org", password=PASSWORD).user.id == MARY


def test_the_jobs_tell_the_provider(accounts: BlockingAccounts, gateway: MemoryGateway) -> None:
    jane, ann = accounts.profile(JANE), accounts.profile(ANN)

    accounts.run_due()

    changes = [call for call in gateway.calls if not call.method.startswith(("retrieve", "list", "find", "inspect"))]
    assert changes == [
        ("delete_customer", ("cus_4TfALzYK4dzbPs",)),
        ("delete_customer", ("cus_3wMhlgr1NgawGj",)),
        ("update_customer", (jane.customer_id, jane.email, "Jane Doe")),
        ("delete_customer", ("cus_0wHeLAOx96P5sb",)),
        ("update_customer", (ann.customer_id, ann.email, "Ann Doe")),
        ("detach", ("pm_old",)),
        ("set_default", (ann.customer_id, "pm_anns")),
        ("release", ("pi_0Nu6mQR23dvYjPtrQMipDalQ",)),
        ("attach", (jane.customer_id, "pm_lost")),
        ("set_default", (jane.customer_id, "pm_second")),
    ]
    assert [call.arguments for call in gateway.calls if call.method == "find_customer"] == [(f"{92:024x}",)]
    assert [call.arguments for call in gateway.calls if call.method == "find_hold"] == [(jane.customer_id, LOST)]
    assert accounts.profile(JANE).balance == -250
    assert cards(accounts, JANE) == {"pm_lost": False, "pm_second": True, "pm_first": False}
    assert [hold.verification_id for hold in gateway.open_holds()] == [CHALLENGED]
