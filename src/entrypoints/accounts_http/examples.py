"""One example of each answer, for the documentation: made by the functions that make the answers."""

from datetime import UTC, datetime, timedelta
from typing import Final

from accounts_core.model.audit import AuditEntry
from accounts_core.model.customer import Customer
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.payment_method import (
    Address,
    BillingDetails,
    Card,
    CardChecks,
    CardNetworks,
    Cards,
    PaymentMethod,
)
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification, State
from accounts_core.results import VerificationView
from accounts_http.schemas.account import (
    activity_item,
    changed_user,
    current_user,
    notification_item,
    verification_item,
)
from accounts_http.schemas.stripe import customer_object, payment_method_list
from accounts_http.schemas.user import deletion_data, user_data

_JOHN_SIGNED_UP: Final = datetime(2023, 11, 6, 8, 30, 9, 166_000, tzinfo=UTC)
_JANE_SIGNED_UP: Final = datetime(2019, 4, 24, 1, 27, 22, tzinfo=UTC)
_CUSTOMER: Final = "cus_OxIokju2aarNVm"

JOHN: Final = User(
    id=UserId(0x38406C14DB33B606),
    email=EmailAddress("john.doe@mail.com"),
    name="John Doe",
    password_hash=PasswordHash(""),
    email_verified_at=_JOHN_SIGNED_UP,
    customer_id=_CUSTOMER,
    created_at=_JOHN_SIGNED_UP,
    updated_at=_JOHN_SIGNED_UP,
)
"""The user of the account API's examples."""
JANE: Final = User(
    id=UserId(1),
    email=EmailAddress("jane@example.org"),
    name="Jane Doe",
    password_hash=PasswordHash(""),
    created_at=_JANE_SIGNED_UP,
    updated_at=_JANE_SIGNED_UP,
)
"""The user of the user API's examples."""
_NEW_JANE: Final = User(
    id=JANE.id,
    email=JANE.email,
    name=JANE.name,
    password_hash=PasswordHash(""),
    created_at=_JOHN_SIGNED_UP,
    updated_at=_JOHN_SIGNED_UP,
)
_CARD: Final = PaymentMethod(
    id="pm_1O9OCiA0ZUrt0vQJ7GqrPclY",
    user_id=JOHN.id,
    billing_details=BillingDetails(
        address=Address(city="Test", country="DE", line1="test", line2="test", postal_code="34334", state="Test"),
        email=JOHN.email.address,
        name=JOHN.name,
    ),
    card=Card(
        brand="visa",
        checks=CardChecks(address_line1_check="pass", address_postal_code_check="pass", cvc_check="pass"),
        country="US",
        exp_month=2,
        exp_year=2032,
        fingerprint="YxdxFzhKIAGEnLMN",
        funding="credit",
        last4="4242",
        networks=CardNetworks(available=("visa",)),
        three_d_secure_supported=True,
    ),
    created=datetime.fromtimestamp(1699259440, UTC),
    verified_at=_JOHN_SIGNED_UP,
    is_default=True,
)
_VERIFIED: Final = CardVerification(
    id="cv_0aB1cD2eF3gH4iJ5kL6mN",
    user_id=JOHN.id,
    requested=_CARD.id,
    payment_method=_CARD.id,
    amount=100,
    currency="usd",
    state=State.VERIFIED,
    created_at=_JOHN_SIGNED_UP,
    updated_at=_JOHN_SIGNED_UP,
)
_DECLINED: Final = CardVerification(
    id="cv_0aB1cD2eF3gH4iJ5kL6mM",
    user_id=JOHN.id,
    requested="pm_1O9OBdA0ZUrt0vQJxRrQ2hYz",
    amount=100,
    currency="usd",
    state=State.DECLINED,
    code="card_declined",
    decline_code="insufficient_funds",
    created_at=_JOHN_SIGNED_UP - timedelta(milliseconds=18_146),
    updated_at=_JOHN_SIGNED_UP,
)

CURRENT_USER: Final = current_user(JOHN)
CHANGED_USER: Final = changed_user(JOHN)
NEW_USER: Final = current_user(_NEW_JANE)
USER: Final = user_data(JANE)
NOTIFICATIONS: Final = [
    notification_item(
        Notification.invite(id="ntf_0000000000000000abcde", user_id=JOHN.id, team_name="Dev team", at=_JOHN_SIGNED_UP)
    )
]
VERIFICATIONS: Final = [
    verification_item(VerificationView(verification=_VERIFIED, card=_CARD)),
    verification_item(VerificationView(verification=_DECLINED, card=None)),
]
PAYMENT_METHODS: Final = payment_method_list(JOHN, Cards((_CARD,)))
CUSTOMER: Final = customer_object(
    Customer(
        id=_CUSTOMER,
        address=Address(
            city="Test", country="Afghanistan", line1="Test", line2="test1", postal_code="34334", state="Test"
        ),
        created=datetime.fromtimestamp(1699259424, UTC),
        currency="usd",
        default_payment_method=_CARD.id,
        email=JOHN.email.address,
        invoice_prefix="B96FCFF5",
        name=JOHN.name,
    )
)
DELETION: Final = deletion_data(
    DeletionPreview(
        destroyed={
            "accounts": 1,
            "interactions": 3,
            "memberships": 2,
            "notifications": 1,
            "payment_methods": 1,
            "sessions": 2,
        },
        disassociated={"interactions": 4},
    )
)
ACTIVITY: Final = [
    activity_item(
        AuditEntry(
            id=7,
            user_id=JOHN.id,
            at=_JOHN_SIGNED_UP,
            by=Actor.USER,
            action="signed_in",
            details={
                "session_id": "ses_0aB1cD2eF3gH4iJ5kL6mN",
                "user_agent": "curl/8.5.0",
                "client": "192.0.2.7",
                "new_device": False,
            },
        )
    )
]
