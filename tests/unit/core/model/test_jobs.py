"""Job classes: their stored names stay, and what earlier releases stored is read."""

from collections.abc import Mapping
from typing import Any

import pytest

from accounts_core.errors import ConfigurationError
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import (
    JOBS,
    TYPED_ADDRESS_TOPICS,
    DeleteCustomerJob,
    DetachCardJob,
    InvitationMailJob,
    InviteJob,
    JobData,
    JobKind,
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
    topics_of,
)
from accounts_core.model.mail_kind import MailKind
from accounts_core.model.secret_values import PasswordHash
from accounts_core.testing.builders import a_job

JANE = UserId(7)
AT = "2025-01-01T12:00:00+00:00"
NOTICE = SecurityMailJob(
    to=EmailAddress("Jane@example.org"),
    purpose=MailKind.CARD_ADDED,
    user=JANE,
    values={"happened_at": AT, "brand": "visa", "last4": "4242"},
)

STORED: list[tuple[str, dict[str, str], JobData]] = [
    ("verify_card", {"verification": "ver_1"}, VerifyCardJob(verification="ver_1")),
    ("detach_card", {"payment_method": "pm_1"}, DetachCardJob(payment_method="pm_1")),
    ("sync_default", {"user": "7"}, SyncDefaultJob(user=JANE)),
    ("sync_default", {"user": "7", "chosen": "pm_1"}, SyncDefaultJob(user=JANE, chosen="pm_1")),
    ("delete_customer", {"customer": "cus_1"}, DeleteCustomerJob(customer="cus_1")),
    (
        "delete_customer",
        {"customer": "cus_1", "unless_used": "true"},
        DeleteCustomerJob(customer="cus_1", unless_used=True),
    ),
    ("delete_customer", {"user_ref": "00f"}, DeleteCustomerJob(user_ref="00f")),
    ("update_customer", {"user": "7"}, UpdateCustomerJob(user=JANE)),
    ("update_customer", {"user": "7", "customer": "cus_1"}, UpdateCustomerJob(user=JANE, customer="cus_1")),
    ("sync_customer", {"customer": "cus_1"}, SyncCustomerJob(customer="cus_1")),
    (
        "security_notice",
        {
            "purpose": "card_added",
            "to": "Jane@example.org",
            "user": "7",
            "happened_at": AT,
            "brand": "visa",
            "last4": "4242",
        },
        NOTICE,
    ),
    ("verification_mail", {"user": "7"}, VerificationMailJob(user=JANE)),
    ("recovery_mail", {"email": "Jane@example.org"}, RecoveryMailJob(email=EmailAddress("Jane@example.org"))),
    ("sign_up", {"sign_up": "sgn_1", "opens": "true"}, SignUpJob(sign_up="sgn_1")),
    ("sign_up", {"sign_up": "sgn_1", "opens": "false"}, SignUpJob(sign_up="sgn_1", opens=False)),
    ("taken_mail", {"email": "jane@example.org"}, TakenMailJob(email=EmailAddress("jane@example.org"))),
    (
        "invite",
        {"team": "3", "by": "7", "email": "jane@example.org"},
        InviteJob(team=TeamId(3), by=JANE, email=EmailAddress("jane@example.org")),
    ),
    ("send_invitations", {"user": "7"}, SendInvitationsJob(user=JANE)),
    ("invitation_mail", {"invitation": "inv_1"}, InvitationMailJob(invitation="inv_1")),
]
"""The rows of the release before, each with its job."""


@pytest.mark.parametrize(
    ("topic", "payload", "data"), STORED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_job_is_stored_as_before_and_read_again(topic: str, payload: dict[str, str], data: JobData) -> None:
    read = read_job(a_job(topic=topic, payload=payload))

    assert read == data
    assert (data.topic, data.to_payload()) == (topic, payload)
    assert [getattr(read, name) for name in ("email", "to") if hasattr(read, name)] == [
        getattr(data, name) for name in ("email", "to") if hasattr(data, name)
    ]


def test_every_job_class_is_in_the_table() -> None:
    assert {topic for topic, _, _ in STORED} == set(JOBS)


EARLIER: list[tuple[str, dict[str, str], JobData]] = [
    (
        "sign_up",
        {"email": "jane@example.org", "name": "Jane", "password_hash": "$argon2id$..."},
        SignUpJob(email=EmailAddress("jane@example.org"), name="Jane", password_hash=PasswordHash("$argon2id$...")),
    ),
    (
        "security_notice",
        {"purpose": "password_changed", "to": "jane@example.org", "happened_at": AT},
        SecurityMailJob(
            to=EmailAddress("jane@example.org"), purpose=MailKind.PASSWORD_CHANGED, values={"happened_at": AT}
        ),
    ),
    ("verify_card", {"verification": "ver_1", "of_a_later_release": "x"}, VerifyCardJob(verification="ver_1")),
]


@pytest.mark.parametrize(("topic", "payload", "data"), EARLIER, ids=["a sign-up in the job", "no user", "a new key"])
def test_what_other_releases_have_stored_is_read(topic: str, payload: dict[str, str], data: JobData) -> None:
    assert read_job(a_job(topic=topic, payload=payload)) == data


def test_a_password_hash_is_in_no_repr() -> None:
    assert "argon2" not in repr(EARLIER[0][2])


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("verify_card", {}),
        ("sync_default", {"user": "jane"}),
        ("delete_customer", {}),
        ("sign_up", {"email": "jane@example.org"}),
        ("recovery_mail", {"email": "nobody"}),
        ("security_notice", {"to": "jane@example.org", "purpose": "gossip"}),
    ],
)
def test_a_payload_that_cannot_be_read_is_an_error_that_names_the_topic(topic: str, payload: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=f"'{topic}' cannot be read"):
        read_job(a_job(topic=topic, payload=payload))


def test_an_unknown_topic_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"'host\.welcome'"):
        read_job(a_job(topic="host.welcome", payload={}))


def test_a12_each_topic_has_a_kind_and_none_is_the_hosts() -> None:
    assert topics_of({JobKind.HOST}) == frozenset()
    assert topics_of({JobKind.MAIL}) | topics_of({JobKind.PROVIDER}) == JOBS.keys()
    assert topics_of({JobKind.PROVIDER}) == {
        "verify_card",
        "detach_card",
        "sync_default",
        "delete_customer",
        "update_customer",
        "sync_customer",
    }


def test_jobs_about_an_address_that_somebody_typed() -> None:
    assert set(TYPED_ADDRESS_TOPICS) == {"invite", "recovery_mail", "taken_mail"}
    without: Any = [topic for topic in TYPED_ADDRESS_TOPICS if not hasattr(JOBS[topic], "email")]
    assert without == []
