"""Settings: what each accepts, what each refuses, and how it says so."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import attrs
import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import PasswordPolicy
from accounts_core.model.policy import CardPolicy, CustomerDeletion, EmailChange, Policy, RetentionPolicy, SessionPolicy
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS
from accounts_core.ports.rate_limiter import RateLimit
from accounts_redis import RedisUrl
from accounts_service.errors import ServiceError
from accounts_service.settings import Settings
from accounts_smtp import Sender, SmtpUrl


def refusal(**environment: str) -> str:
    with pytest.raises(ServiceError) as caught:
        Settings.parse(environment)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_without_any_setting_there_is_a_service_for_this_machine() -> None:
    settings = Settings.parse({})

    assert str(settings.database_url) == "sqlite:///accounts.db"
    assert settings.database_url.file == Path("accounts.db")
    assert settings.policy() == Policy(passwords=PasswordPolicy(words=frozenset({"accounts", "Accounts"})))
    assert settings.stripe_api_key is None
    assert settings.cors_origins == ()
    assert settings.without_effect() == []


ACCEPTED: list[tuple[str, str, Any]] = [
    ("PUBLIC_URL", "https://accounts.example.org/", "https://accounts.example.org"),
    ("PUBLIC_URL", "http://localhost:8000/app", "http://localhost:8000/app"),
    ("STRIPE_API_KEY", "sk_test_123", "sk_test_123"),
    ("STRIPE_PUBLISHABLE_KEY", "pk_live_123", "pk_live_123"),
    ("STRIPE_API_BASE", "http://127.0.0.1:12111", "http://127.0.0.1:12111"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_123", "whsec_123"),
    ("STRIPE_SIMULATOR", "true", True),
    ("STRIPE_SIMULATOR", "FALSE", False),
    ("CURRENCY", "USD", "usd"),
    ("VERIFICATION_AMOUNTS", "usd=100, jpy=150", {"usd": 100, "jpy": 150}),
    (
        "SMTP_URL",
        "smtps://user:se%20cret@mail.example.org",
        SmtpUrl(host="mail.example.org", port=465, is_tls=True, user="user", password="se cret"),
    ),
    ("MAIL_FROM", "Accounts <a@example.org>", Sender(EmailAddress("a@example.org"), "Accounts")),
    ("MAIL_TEMPLATES", "texts/mails", Path("texts/mails")),
    ("MAIL_LOCALE", "de-AT", "de-AT"),
    ("PRODUCT_NAME", " B\u00fccher & Co ", "B\u00fccher & Co"),
    ("PRIVATE_REGISTRATION", "true", True),
    ("MIN_PASSWORD_LENGTH", "8", 8),
    ("SESSION_DAYS", "1", 1),
    ("SESSION_IDLE_DAYS", "7", 7),
    ("REAUTHENTICATION_MINUTES", "0", 0),
    ("UNVERIFIED_DAYS", "0", 0),
    ("UNVERIFIED_DAYS", "7", 7),
    ("RETENTION_AUDIT_DAYS", "0", 0),
    ("RETENTION_NOTIFICATIONS_DAYS", "1", 1),
    ("RETENTION_DEVICES_DAYS", "3650", 3650),
    ("RETENTION_VERIFICATIONS_DAYS", "30", 30),
    ("RETENTION_DEAD_JOBS_DAYS", "30", 30),
    ("EMAIL_CHANGE", "immediate", EmailChange.IMMEDIATE),
    ("CUSTOMER_DELETION", "keep", CustomerDeletion.KEEP),
    ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
    ("TRUSTED_PROXIES", "", ()),
    (
        "CORS_ORIGINS",
        "https://App.example.org:443,http://localhost:3000",
        ("https://app.example.org", "http://localhost:3000"),
    ),
    ("CORS_ORIGINS", "*", ("*",)),
    ("CORS_ORIGINS", "", ()),
    (
        "LIMITS",
        "sign-in=100/hour,sign-up=5/day,verify-card=2/minute,recovery=1/second,invite=7/hour",
        {
            "sign-in": {"client": RateLimit(100, timedelta(hours=1))},
            "sign-up": {"client": RateLimit(5, timedelta(days=1))},
            "verify-card": {"client": RateLimit(2, timedelta(minutes=1))},
            "recovery": {"client": RateLimit(1, timedelta(seconds=1))},
            "invite": {"user": RateLimit(7, timedelta(hours=1))},
        },
    ),
    ("PROFILE_TYPE", "shop.people:Customer", "shop.people:Customer"),
    (
        "RATE_LIMITS_URL",
        "redis://:secret@cache.example.org:6379/0",
        RedisUrl.parse("redis://:secret@cache.example.org:6379/0"),
    ),
]


@pytest.mark.parametrize(("name", "text", "value"), ACCEPTED)
def test_a_setting_is_read_as_what_it_means(name: str, text: str, value: object) -> None:
    settings = Settings.parse({f"ACCOUNTS_{name}": text})

    assert getattr(settings, name.lower()) == value


SEVEN = RateLimit(7, timedelta(minutes=1))
PLAIN = {
    "sign-in": "client",
    "sign-up": "client",
    "recovery": "client",
    "invite": "user",
    "verify-card": "client",
    "password-change": "client",
    "interaction": "user",
    "export": "user",
    "write": "user",
    "mail": "recipient",
}
SIGN_IN_SCOPES = (
    "expected one of the scopes of sign-in, which are sign-in.client, sign-in.account, sign-in.all, sign-in.*"
)
SCOPES = [(name, scope) for name, scopes in DEFAULT_RATE_LIMITS.items() for scope in scopes]


@pytest.mark.parametrize("limit", DEFAULT_RATE_LIMITS)
def test_every_limit_can_be_set_and_is_named_where_one_that_there_is_not_is_refused(limit: str) -> None:
    assert Settings.parse({"ACCOUNTS_LIMITS": f"{limit}=7/minute"}).limits == {limit: {PLAIN[limit]: SEVEN}}
    with pytest.raises(ServiceError, match=rf"[ ,]{limit}[;,]"):
        Settings.parse({"ACCOUNTS_LIMITS": "everything=1/hour"})


@pytest.mark.parametrize(("name", "scope"), SCOPES)
def test_a10_a_scope_is_set_alone_and_every_other_limit_stays_as_it_is(name: str, scope: str) -> None:
    policy = Settings.parse({"ACCOUNTS_LIMITS": f"{name}.{scope}=7/minute"}).policy()

    assert {(n, s): policy.limit(n, s) for n, s in SCOPES if policy.limit(n, s) != DEFAULT_RATE_LIMITS[n][s]} == {
        (name, scope): SEVEN
    }


@pytest.mark.parametrize("name", DEFAULT_RATE_LIMITS)
def test_a10_a_star_is_every_scope_and_a_scope_that_is_named_beside_it_wins(name: str) -> None:
    plain, once = PLAIN[name], RateLimit(1, timedelta(days=1))
    for text in (f"{name}.*=7/minute,{name}=1/day", f"{name}.{plain}=1/day,{name}.*=7/minute"):
        policy = Settings.parse({"ACCOUNTS_LIMITS": text}).policy()

        assert {scope: policy.limit(name, scope) for scope in DEFAULT_RATE_LIMITS[name]} == {
            **dict.fromkeys(DEFAULT_RATE_LIMITS[name], SEVEN),
            plain: once,
        }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("login=1/hour", f"expected one of the limits {', '.join(DEFAULT_RATE_LIMITS)}; got 'login=1/hour'."),
        (
            "login.client=1/hour",
            f"expected one of the limits {', '.join(DEFAULT_RATE_LIMITS)}; got 'login.client=1/hour'.",
        ),
        (
            "sign-in.card=1/hour",
            f"{SIGN_IN_SCOPES}; got 'sign-in.card=1/hour'.",
        ),
        (
            "invite.=1/hour",
            "expected one of the scopes of invite, which are invite.user, invite.*; got 'invite.=1/hour'.",
        ),
        (
            "sign-in.failures=1/hour",
            f"{SIGN_IN_SCOPES}; got 'sign-in.failures=1/hour'.",
        ),
    ],
)
def test_a10_a_name_or_a_scope_that_there_is_not_is_answered_with_those_that_there_are(text: str, said: str) -> None:
    assert refusal(ACCOUNTS_LIMITS=text) == f"ACCOUNTS_LIMITS: {said}"


@pytest.mark.parametrize(
    ("text", "shown", "file"),
    [
        ("sqlite:///data/a.db", "sqlite:///data/a.db", Path("data/a.db")),
        ("sqlite:////var/lib/a.db", "sqlite:////var/lib/a.db", Path("/var/lib/a.db")),
        ("sqlite+aiosqlite:///a.db", "sqlite:///a.db", Path("a.db")),
        ("postgresql://jane:secret@db.example.org/app", "postgresql://jane:***@db.example.org/app", None),
        ("postgres://jane:secret@db:5433/app", "postgresql://jane:***@db:5433/app", None),
        ("postgresql+asyncpg://jane@db/app", "postgresql://jane@db/app", None),
        ("postgresql+psycopg://jane@/app?host=/run/pg&password=secret", "postgresql://jane@/app", None),
    ],
)
def test_a_database_is_shown_without_its_password(text: str, shown: str, file: Path | None) -> None:
    settings = Settings.parse({"ACCOUNTS_DATABASE_URL": text})

    assert str(settings.database_url) == shown
    assert settings.database_url.file == file
    assert "secret" not in repr(settings.database_url)


REFUSED = [
    ("DATABASE_URL", "mysql://localhost/app"),
    ("DATABASE_URL", "accounts.db"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///file:a?mode=memory&uri=true"),
    ("DATABASE_URL", "sqlite://a.db"),
    ("DATABASE_URL", "postgresql://localhost"),
    ("DATABASE_URL", "postgresql://localhost:port/app"),
    ("PUBLIC_URL", "accounts.example.org"),
    ("PUBLIC_URL", "ftp://accounts.example.org"),
    ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://accounts.example.org?a=b"),
    ("PUBLIC_URL", "https://accounts.example.org#a"),
    ("PUBLIC_URL", "https://jane:secret@accounts.example.org"),
    ("PUBLIC_URL", "https://accounts.example.org:99999"),
    ("PUBLIC_URL", "https://accounts.example.org/\r\nBcc: a"),
    ("STRIPE_API_KEY", "pk_test_123"),
    ("STRIPE_API_KEY", "sk_test_1 2"),
    ("STRIPE_PUBLISHABLE_KEY", "sk_live_secret"),
    ("STRIPE_WEBHOOK_SECRET", "secret"),
    ("STRIPE_SIMULATOR", "1"),
    ("CURRENCY", "dollars"),
    ("CURRENCY", "us$"),
    ("VERIFICATION_AMOUNTS", "100"),
    ("VERIFICATION_AMOUNTS", "usd=1.00"),
    ("VERIFICATION_AMOUNTS", "usd=-100"),
    ("VERIFICATION_AMOUNTS", "usd=100,USD=200"),
    ("VERIFICATION_AMOUNTS", "usd=100,"),
    ("SMTP_URL", "mail.example.org"),
    ("MAIL_FROM", "Accounts"),
    ("MAIL_TEMPLATES", ""),
    ("MAIL_LOCALE", "german!"),
    ("MAIL_LOCALE", "d"),
    ("PRODUCT_NAME", " "),
    ("PRODUCT_NAME", "x" * 101),
    ("PRIVATE_REGISTRATION", "yes"),
    ("MIN_PASSWORD_LENGTH", "7"),
    ("MIN_PASSWORD_LENGTH", "129"),
    ("MIN_PASSWORD_LENGTH", "\u0661\u0665"),
    ("SESSION_DAYS", "0"),
    ("SESSION_DAYS", "thirty"),
    ("SESSION_DAYS", "1e3"),
    ("SESSION_IDLE_DAYS", "3651"),
    ("REAUTHENTICATION_MINUTES", "-1"),
    ("UNVERIFIED_DAYS", "3651"),
    ("RETENTION_AUDIT_DAYS", "3651"),
    ("RETENTION_DEAD_JOBS_DAYS", "for ever"),
    ("EMAIL_CHANGE", "never"),
    ("CUSTOMER_DELETION", "never"),
    ("TRUSTED_PROXIES", "*"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("TRUSTED_PROXIES", "proxy.example.org"),
    ("CORS_ORIGINS", "app.example.org"),
    ("CORS_ORIGINS", "https://app.example.org/"),
    ("CORS_ORIGINS", "https://app.example.org,"),
    ("CORS_ORIGINS", "null"),
    ("LIMITS", "sign-in=100"),
    ("LIMITS", "sign-in=100/week"),
    ("LIMITS", "sign-in=0/hour"),
    ("LIMITS", "login=100/hour"),
    ("LIMITS", "sign-in=1/hour,sign-in=2/hour"),
    ("LIMITS", "sign-in=1/hour,sign-in.client=2/hour"),
    ("LIMITS", "sign-in.*=1/hour,sign-in.*=2/hour"),
    ("LIMITS", "sign-in.client=1/hour,"),
    ("LIMITS", "Sign-in=1/hour"),
    ("LIMITS", "sign-in.ALL=1/hour"),
    ("LIMITS", "sign-in.client.all=1/hour"),
    ("LIMITS", "*=1/hour"),
    ("LIMITS", ".client=1/hour"),
    ("VERIFICATION_AMOUNTS", "usd=1000000000"),
    ("PROFILE_TYPE", "shop.people"),
    ("PROFILE_TYPE", "shop.people:"),
    ("PROFILE_TYPE", ":Customer"),
    ("PROFILE_TYPE", "shop.people:Customer.Inner"),
    ("PROFILE_TYPE", "shop..people:Customer"),
    ("PROFILE_TYPE", "shop/people.py:Customer"),
    ("PROFILE_TYPE", "shop.people:Customer()"),
    ("PROFILE_TYPE", "shop.people:\u212austomer"),
    ("REDIS_URL", "http://cache.example.org"),
    ("REDIS_URL", "redis://jane:sec/ret@cache.example.org"),
    ("RATE_LIMITS_URL", "memcached://cache.example.org"),
    ("RATE_LIMITS_URL", "cache.example.org"),
]


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_a_bad_value_is_refused_in_one_line_with_name_and_expectation(name: str, text: str) -> None:
    said = refusal(**{f"ACCOUNTS_{name}": text})

    assert said.startswith(f"ACCOUNTS_{name}: expected ")
    assert "; got " in said
    assert "secret" not in said.rpartition("; got ")[2].replace("may hold a secret", "")


@pytest.mark.parametrize("name", ["DATABASE_URL", "PUBLIC_URL", "CURRENCY", "SESSION_DAYS", "LIMITS", "REDIS_URL"])
def test_a_setting_without_a_value_is_refused_rather_than_forgotten(name: str) -> None:
    assert refusal(**{f"ACCOUNTS_{name}": ""}).endswith("; got nothing.")


def test_what_was_given_is_shown_and_a_long_text_is_cut() -> None:
    assert refusal(ACCOUNTS_SESSION_DAYS="ten").endswith("; got 'ten'.")
    assert len(refusal(ACCOUNTS_SESSION_DAYS="x" * 10_000)) < 200


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("STRIPE_API_KEY", "my-key"),
        ("STRIPE_WEBHOOK_SECRET", "my-key"),
        ("SMTP_URL", "my-key"),
        ("REDIS_URL", "my-key"),
        ("REDIS_URL", "redis://jane:my-key/2@cache.example.org"),
        ("DATABASE_URL", "mysql://jane:my-key@localhost"),
        ("PUBLIC_URL", "https://jane:my-key@localhost"),
        ("CURRENCY", "sk_live_my-key"),
    ],
)
def test_what_may_be_a_secret_is_never_shown(name: str, hidden: str) -> None:
    assert "my-key" not in refusal(**{f"ACCOUNTS_{name}": hidden})


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings.parse(
        {
            "ACCOUNTS_DATABASE_URL": "postgresql://jane:my-key@db/app",
            "ACCOUNTS_STRIPE_API_KEY": "sk_test_my-key",
            "ACCOUNTS_STRIPE_WEBHOOK_SECRET": "whsec_my-key",
            "ACCOUNTS_SMTP_URL": "smtp://jane:my-key@mail.example.org",
            "ACCOUNTS_REDIS_URL": "redis://:my-key@cache.example.org",
        }
    )

    assert "my-key" not in repr(settings)


def test_an_unknown_setting_is_refused_with_the_name_that_was_meant() -> None:
    assert (
        refusal(ACCOUNTS_DATABSE_URL="x")
        == "ACCOUNTS_DATABSE_URL: no such setting. Did you mean ACCOUNTS_DATABASE_URL?"
    )
    assert refusal(ACCOUNTS_GIVEN="x").startswith("ACCOUNTS_GIVEN: no such setting.")


def test_the_redis_url_is_another_name_of_the_rate_limits_url() -> None:
    settings = Settings.parse({"ACCOUNTS_REDIS_URL": "redis://cache"})

    assert settings == attrs.evolve(
        Settings.parse({"ACCOUNTS_RATE_LIMITS_URL": "redis://cache"}), configured=frozenset({"ACCOUNTS_REDIS_URL"})
    )


def test_a_setting_under_both_of_its_names_is_refused() -> None:
    both = {"ACCOUNTS_REDIS_URL": "redis://cache", "ACCOUNTS_RATE_LIMITS_URL": "redis://cache"}

    assert refusal(**both) == ("ACCOUNTS_RATE_LIMITS_URL and ACCOUNTS_REDIS_URL are one setting: set only one of them.")


def test_the_settings_of_the_tests_and_of_other_programs_are_skipped() -> None:
    environment = {"ACCOUNTS_TEST_DATABASE_URL": "x", "ACCOUNTSX": "x", "PATH": "x", "DATABASE_URL": "x"}

    assert Settings.parse(environment) == Settings()


def test_the_environment_wins_over_the_file() -> None:
    settings = Settings.parse(
        {"ACCOUNTS_SESSION_DAYS": "3"}, in_file={"ACCOUNTS_SESSION_DAYS": "5", "ACCOUNTS_SESSION_IDLE_DAYS": "2"}
    )

    assert (settings.session_days, settings.session_idle_days) == (3, 2)


def test_a_bad_value_in_the_file_is_said_to_be_there() -> None:
    with pytest.raises(ServiceError, match=r"^ACCOUNTS_SESSION_DAYS \(in \.env\): expected"):
        Settings.parse({}, in_file={"ACCOUNTS_SESSION_DAYS": "ten"})


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"ACCOUNTS_CURRENCY": "eur"}, "no verification amount for the currency 'eur'"),
        ({"ACCOUNTS_VERIFICATION_AMOUNTS": "usd=49"}, "at least 50 minor units; got 49"),
    ],
)
def test_a_currency_wants_an_amount_that_can_be_held(environment: dict[str, str], reason: str) -> None:
    said = refusal(**environment)

    assert "ACCOUNTS_CURRENCY, ACCOUNTS_VERIFICATION_AMOUNTS: " in said
    assert reason in said


def test_the_name_of_the_product_is_no_password() -> None:
    words = Settings.parse({"ACCOUNTS_PRODUCT_NAME": "Bookshop"}).policy().passwords.words

    assert words == frozenset({"accounts", "Accounts", "Bookshop"})


def test_the_policy_is_made_of_the_settings() -> None:
    settings = Settings.parse(
        {
            "ACCOUNTS_CURRENCY": "eur",
            "ACCOUNTS_VERIFICATION_AMOUNTS": "eur=200,usd=100",
            "ACCOUNTS_MIN_PASSWORD_LENGTH": "12",
            "ACCOUNTS_SESSION_DAYS": "3",
            "ACCOUNTS_SESSION_IDLE_DAYS": "2",
            "ACCOUNTS_REAUTHENTICATION_MINUTES": "0",
            "ACCOUNTS_UNVERIFIED_DAYS": "7",
            "ACCOUNTS_RETENTION_AUDIT_DAYS": "0",
            "ACCOUNTS_RETENTION_NOTIFICATIONS_DAYS": "1",
            "ACCOUNTS_RETENTION_DEVICES_DAYS": "2",
            "ACCOUNTS_RETENTION_VERIFICATIONS_DAYS": "3",
            "ACCOUNTS_RETENTION_DEAD_JOBS_DAYS": "4",
            "ACCOUNTS_EMAIL_CHANGE": "immediate",
            "ACCOUNTS_CUSTOMER_DELETION": "delete",
            "ACCOUNTS_LIMITS": "verify-card=5/day",
            "ACCOUNTS_PRIVATE_REGISTRATION": "true",
            "ACCOUNTS_PUBLIC_URL": "https://login.shop.example",
            "ACCOUNTS_MAIL_FROM": "Bookshop <no-reply@shop.example>",
        }
    )

    assert settings.policy() == Policy(
        passwords=PasswordPolicy(
            min_length=12, words=frozenset({"accounts", "Bookshop", "login.shop.example", "login", "shop", "example"})
        ),
        private_registration=True,
        sessions=SessionPolicy(lifetime=timedelta(days=3), idle=timedelta(days=2)),
        cards=CardPolicy(currency="eur", amounts={"eur": 200, "usd": 100}),
        reauthentication=timedelta(0),
        email_change=EmailChange.IMMEDIATE,
        customer_deletion=CustomerDeletion.DELETE,
        unverified_accounts=timedelta(days=7),
        retention=RetentionPolicy(
            audit=None,
            notifications=timedelta(days=1),
            devices=timedelta(days=2),
            verifications=timedelta(days=3),
            dead_jobs=timedelta(days=4),
        ),
        limits={"verify-card": {"client": RateLimit(5, timedelta(days=1))}},
    )


def test_what_has_no_effect_yet_can_be_told() -> None:
    settings = Settings.parse(
        {
            "ACCOUNTS_SMTP_URL": "smtp://mail",
            "ACCOUNTS_SESSION_DAYS": "3",
            "ACCOUNTS_REDIS_URL": "redis://cache",
            "ACCOUNTS_STRIPE_PUBLISHABLE_KEY": "pk_test_123",
        }
    )

    assert settings.without_effect() == ["ACCOUNTS_STRIPE_PUBLISHABLE_KEY"]


def test_every_secret_is_known_so_that_the_log_can_be_kept_clear_of_it() -> None:
    named = {
        "DATABASE_URL": "postgresql://me:for%40database@db/accounts?sslpassword=for-its-key",
        "STRIPE_API_KEY": "sk_live_forstripe",
        "STRIPE_WEBHOOK_SECRET": "whsec_forevents",
        "SMTP_URL": "smtps://me:for%40mail@mail.example.org",
        "RATE_LIMITS_URL": "redis://me:for%40cache@cache/0",
    }
    secret = {field.name for field in attrs.fields(Settings) if field.metadata.get("secret")}

    settings = Settings.parse({f"ACCOUNTS_{name}": value for name, value in named.items()})

    assert {name.lower() for name in named} == secret  # another one has to be known as well
    assert sorted(settings.secrets()) == [
        "for-its-key",
        "for@cache",
        "for@database",
        "for@mail",
        "sk_live_forstripe",
        "whsec_forevents",
    ]
    assert not any(each in repr(settings) for each in settings.secrets())


def test_without_secrets_there_is_nothing_to_keep_clear_of() -> None:
    assert Settings.parse({}).secrets() == []
