"""Builders of valid test data. A test passes only the fields that it is about.

    a_user(id=2, name="Mary Major")
    a_session(user_id=2, expires_at=NOON)

Ids and addresses follow from each other (`a_user(id=2)` has the address `user2@example.org`), so that two things with
different ids never collide. All times are `NOON` by default.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import VerifyCardJob
from accounts_core.model.notification import INVITE, Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.payment_method import (
    Address,
    BillingDetails,
    Card,
    CardChecks,
    CardNetworks,
    PaymentMethod,
    ProviderPaymentMethod,
)
from accounts_core.model.profile import PROFILE_FIELDS
from accounts_core.model.profile_data import ProfileData
from accounts_core.model.secret_values import PasswordHash, TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.team import Interaction, Invitation, Membership, Team
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification

NOON: Final = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
"""Default of every time. It has microseconds, which a store must preserve."""


def at(minutes: float) -> datetime:
    """Return the time this many minutes after `NOON`."""
    return NOON + timedelta(minutes=minutes)


def a_user(id: int = 1, **overrides: Any) -> User:
    """Return an active user with an unverified address and a hash that no password matches."""
    values: dict[str, Any] = {
        "email": EmailAddress(f"user{id}@example.org"),
        "name": "Jane Doe",
        "password_hash": PasswordHash(f"hash of user {id}"),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return User(id=UserId(id), **values | overrides)


def a_profile() -> dict[str, Any]:
    """Return a text for each profile field, which differs from its default and from the others."""
    return {name: f"{name} of Jane" for name in PROFILE_FIELDS}


def a_profile_data(version: int = 3) -> ProfileData:
    """Return profile data whose text a store must preserve to the letter, such as the form of numbers and the order."""
    members = {
        "zip": "75011",
        "company": 'Caf\u00e9 "\U0001f469" \\ %s {}\n',
        "big": 2**63 - 1,
        "least": -(2**63),
        "ratio": 1.0,
        "huge": 1e300,
        "tiny": 5e-324,
        "zero": -0.0,
        "address": {"lines": ["a", None, True, []], "empty": {}},
        "": "",
    }
    return ProfileData.of(members, version)


def a_session(id: str = "ses_1", user_id: int = 1, **overrides: Any) -> Session:
    """Return a session of 30 days; its digest is derived from its id (`digest_of_session`)."""
    values: dict[str, Any] = {
        "digest": digest_of_session(id),
        "created_at": NOON,
        "last_used_at": NOON,
        "expires_at": NOON + timedelta(days=30),
        "user_agent": "curl/8.5.0",
    }
    return Session(id=id, user_id=UserId(user_id), **values | overrides)


def digest_of_session(id: str) -> TokenDigest:
    """Return the digest of `a_session(id)`."""
    return TokenDigest(sha256(id.encode()).digest())


def a_provided_card(id: str = "pm_1", **overrides: Any) -> ProviderPaymentMethod:
    """Return a payment method of the provider: a Visa with its own fingerprint and every field set."""
    values: dict[str, Any] = {
        "card": Card(
            brand="visa",
            checks=CardChecks(address_line1_check="unchecked", address_postal_code_check="pass", cvc_check="pass"),
            country="US",
            exp_month=8,
            exp_year=2031,
            fingerprint=f"fingerprint of {id}",
            funding="credit",
            last4="4242",
            networks=CardNetworks(available=("visa",), preferred="visa"),
            three_d_secure_supported=True,
            wallet={"type": "apple_pay", "dynamic_last4": "4242"},
        ),
        "billing_details": BillingDetails(
            address=Address(
                city="Lyon",
                country="FR",
                line1="1 rue de la Paix",
                line2="2e étage",
                postal_code="69001",
                state="Rhône",
            ),
            email="jane@example.org",
            name="Jane Doe",
            phone="+33 4 00 00 00 00",
        ),
        "created": NOON,
        "metadata": {"order": "6735"},
    }
    return ProviderPaymentMethod(id=id, **values | overrides)


def a_card(id: str = "pm_1", user_id: int = 1, **overrides: Any) -> PaymentMethod:
    """Return a verified card that is not the default, with every field set."""
    card = PaymentMethod.verified(a_provided_card(id), user_id=UserId(user_id), at=NOON)
    return attrs.evolve(card, **overrides)


def a_verification(id: str = "ver_1", user_id: int | None = 1, **overrides: Any) -> CardVerification:
    """Return a new verification with a hold of one US dollar; its payment method is derived from its id."""
    values: dict[str, Any] = {
        "requested": f"pm_of_{id}",
        "amount": 100,
        "currency": "usd",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return CardVerification(id=id, user_id=None if user_id is None else UserId(user_id), **values | overrides)


def a_notification(id: str = "ntf_1", user_id: int = 1, **overrides: Any) -> Notification:
    """Return an unread notification of an invitation."""
    values: dict[str, Any] = {"type": INVITE, "message": "You invited to join Bookshop.", "created_at": NOON}
    return Notification(id=id, user_id=UserId(user_id), **values | overrides)


def a_team(id: int = 1, owner_id: int = 1, **overrides: Any) -> Team:
    """Return a team."""
    values: dict[str, Any] = {"name": "Bookshop", "created_at": NOON}
    return Team(id=TeamId(id), owner_id=UserId(owner_id), **values | overrides)


def a_membership(team_id: int = 1, user_id: int = 2, *, created_at: datetime = NOON) -> Membership:
    """Return a membership, by default of user 2 in `a_team()`, which user 1 owns."""
    return Membership(team_id=TeamId(team_id), user_id=UserId(user_id), created_at=created_at)


def an_invitation(id: str = "inv_1", team_id: int = 1, **overrides: Any) -> Invitation:
    """Return an invitation by user 1 to an address without a user; the address is derived from the id."""
    values: dict[str, Any] = {
        "email": EmailAddress(f"{id}@example.org"),
        "invited_by": UserId(1),
        "created_at": NOON,
    }
    return Invitation(id=id, team_id=TeamId(team_id), **values | overrides)


def an_interaction(id: str = "int_1", team_id: int = 1, author_id: int | None = 1, **overrides: Any) -> Interaction:
    """Return an interaction that the author wrote in the team."""
    values: dict[str, Any] = {"body": "The shelves arrive on Monday.", "created_at": NOON}
    author = None if author_id is None else UserId(author_id)
    return Interaction(id=id, team_id=TeamId(team_id), author_id=author, **values | overrides)


def a_job(id: str = "job_1", *, payload: Mapping[str, str] | None = None, **overrides: Any) -> OutboxJob:
    """Return a job that is due at `NOON` and was never attempted."""
    values: dict[str, Any] = {
        "topic": VerifyCardJob.topic,
        "payload": {"verification": f"ver_of_{id}"} if payload is None else payload,
        "created_at": NOON,
        "due": NOON,
    }
    return OutboxJob(id=id, **values | overrides)
