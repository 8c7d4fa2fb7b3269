"""The settings of the service, read from the environment and a `.env` file.

A field of `Settings` is the only description of a setting: its name, parser, expected form and default. In the
environment it is called `ACCOUNTS_` and the field's name in capitals. An unknown name or a bad value stops the start.
"""

import difflib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import attrs

from accounts_core.model.passwords import DEFAULT_LENGTH, LEAST_LENGTH, PasswordPolicy
from accounts_core.model.policy import CardPolicy, CustomerDeletion, EmailChange, Policy, RetentionPolicy, SessionPolicy
from accounts_core.ports.rate_limiter import RateLimit
from accounts_service import defaults, parsers
from accounts_service.database_url import DatabaseUrl, TablePlace
from accounts_service.env_file import read_env_file
from accounts_service.errors import ServiceError
from accounts_service.profile_types import EXPECTED as EXPECTED_PROFILE_TYPE
from accounts_service.profile_types import parse_import_path
from accounts_service.rate_limiters import EXPECTED as EXPECTED_RATE_LIMITS_URL
from accounts_service.rate_limiters import RateLimitsUrl, parse_rate_limits_url
from accounts_service.setting_fields import FOR_EVER, TRUE_OR_FALSE, choice, days, number, optional, setting
from accounts_smtp import Sender, SmtpUrl
from accounts_sql.tables.location import MAX_PREFIX_LENGTH
from accounts_sql.tables.location import PREFIX as TABLE_PREFIX

PREFIX: Final = "ACCOUNTS_"
TESTS: Final = "ACCOUNTS_TEST_"
_SHOWN: Final = 60
_LOOKS_SECRET: Final = re.compile(r"[sr]k_|whsec_|//.*@", re.DOTALL)
"""A key of Stripe, or a URL with a password, that went into the wrong setting."""


def _period(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of one service. Secrets are not in the `repr`."""

    database_url: DatabaseUrl = setting(  # noqa: RUF009  makes an attrs field
        DatabaseUrl.parse,
        "sqlite:///<file> or postgresql://<user>:<password>@<host>/<name>, with every @ in the password written as %40",
        DatabaseUrl.parse(defaults.DATABASE_URL),
        secret=True,
    )
    database_schema: str | None = setting(optional(str), "the name of a schema in PostgreSQL")
    database_prefix: str = setting(
        parsers.parse_table_prefix,
        f"2 to {MAX_PREFIX_LENGTH} lower-case letters, digits and underscores, such as auth_",
        TABLE_PREFIX,
    )
    public_url: str | None = setting(optional(parsers.parse_page_url), "a URL such as https://accounts.example.org")
    stripe_api_key: str | None = setting(
        optional(parsers.make_key_parser("sk_test_", "sk_live_", "rk_test_", "rk_live_")),
        "a secret key of Stripe, sk_test_... or sk_live_...",
        secret=True,
    )
    stripe_publishable_key: str | None = setting(
        optional(parsers.make_key_parser("pk_test_", "pk_live_")),
        "a publishable key of Stripe, pk_test_... or pk_live_...",
        used=False,
    )
    stripe_api_base: str | None = setting(optional(parsers.parse_page_url), "a URL such as https://api.stripe.com")
    stripe_webhook_secret: str | None = setting(
        optional(parsers.make_key_parser("whsec_")), "a signing secret of Stripe, whsec_...", secret=True
    )
    stripe_simulator: bool | None = setting(optional(parsers.parse_boolean), TRUE_OR_FALSE)
    currency: str = setting(parsers.parse_currency, "a currency code of three letters, such as usd", "usd")
    verification_amounts: Mapping[str, int] = setting(
        parsers.parse_amounts,
        "amounts in minor units by currency, such as usd=100,jpy=150",
        MappingProxyType({"usd": 100}),
    )
    smtp_url: SmtpUrl | None = setting(  # noqa: RUF009  makes an attrs field
        optional(SmtpUrl.parse),
        "a URL such as smtps://user:password@mail.example.org",
        secret=True,
    )
    mail_from: Sender = setting(  # noqa: RUF009  makes an attrs field
        Sender.parse,
        "an address, such as Accounts <no-reply@example.org>",
        Sender.parse("Accounts <no-reply@accounts.invalid>"),
    )
    mail_templates: Path | None = setting(  # noqa: RUF009  makes an attrs field
        optional(Path), "a folder with mail templates"
    )
    mail_locale: str = setting(parsers.parse_locale, "a locale, such as en or de-AT", "en")
    product_name: str | None = setting(optional(parsers.parse_product_name), "a name of 1 to 100 characters")
    private_registration: bool = setting(parsers.parse_boolean, TRUE_OR_FALSE, default=False)
    min_password_length: int = number("characters", LEAST_LENGTH, 128, DEFAULT_LENGTH)
    session_days: int = days(30)
    session_idle_days: int = days(14)
    reauthentication_minutes: int = number("minutes", 0, 1440, 15, zero="off")
    unverified_days: int = days(30, zero="never")
    retention_audit_days: int = days(400, zero=FOR_EVER)
    retention_notifications_days: int = days(400, zero=FOR_EVER)
    retention_devices_days: int = days(400, zero=FOR_EVER)
    retention_verifications_days: int = days(400, zero=FOR_EVER)
    retention_dead_jobs_days: int = days(90, zero=FOR_EVER)
    invitation_days: int = days(14)
    email_change: EmailChange = choice(EmailChange, EmailChange.CONFIRM)  # noqa: RUF009  it returns a field
    customer_deletion: CustomerDeletion = choice(CustomerDeletion, CustomerDeletion.BLOCK)  # noqa: RUF009  as above
    trusted_proxies: tuple[parsers.Network, ...] = setting(
        parsers.parse_networks, "IP addresses or networks, such as 10.0.0.0/8,::1", (), empty=True
    )
    cors_origins: tuple[str, ...] = setting(
        parsers.parse_origins, "web origins, such as https://app.example.org,http://localhost:3000", (), empty=True
    )
    limits: Mapping[str, Mapping[str, RateLimit]] = setting(
        parsers.parse_limits,
        "limits such as sign-in=100/hour,sign-in.account=10/hour, each once, per second, minute, hour or day, of "
        f"{', '.join(parsers.LIMIT_NAMES)}",
        MappingProxyType({}),
    )
    profile_type: str | None = setting(optional(parse_import_path), EXPECTED_PROFILE_TYPE)
    rate_limits_url: RateLimitsUrl | None = setting(  # noqa: RUF009  makes an attrs field
        optional(parse_rate_limits_url), EXPECTED_RATE_LIMITS_URL, secret=True, alias="REDIS_URL"
    )
    configured: frozenset[str] = attrs.field(default=frozenset())
    """The names, such as `ACCOUNTS_CURRENCY`, that are set; every other setting has its default."""

    def __attrs_post_init__(self) -> None:
        self.policy()

    @classmethod
    def load(cls, environment: Mapping[str, str], folder: Path) -> Self:
        """Read `environment`, and for what is not set there, the file `.env` in `folder`.

        Raises `ServiceError` as `parse` does, and when the file cannot be read.
        """
        return cls.parse(environment, in_file=read_env_file(folder / ".env"))

    @classmethod
    def parse(cls, environment: Mapping[str, str], *, in_file: Mapping[str, str] | None = None) -> Self:
        """Read `environment`, and what it does not set from `in_file`. The names of other programs are skipped.

        Raises:
            ServiceError: A setting is unknown, has a bad value, or is set by two names.

        """
        texts = {
            name: text
            for name, text in {**(in_file or {}), **environment}.items()
            if name.startswith(PREFIX) and not name.startswith(TESTS)
        }
        fields: dict[str, Any] = {}
        for name, text in texts.items():
            where = name if name in environment else f"{name} (in .env)"
            field = _find(name, where)
            if field.name in fields:
                raise ServiceError(f"{' and '.join(_names(field))} are one setting: set only one of them.")
            fields[field.name] = _parse(field, text, where)
        try:
            return cls(configured=frozenset(texts), **fields)
        except ValueError as error:
            raise ServiceError(f"ACCOUNTS_CURRENCY, ACCOUNTS_VERIFICATION_AMOUNTS: {error}") from error

    def policy(self) -> Policy:
        """Return the policy of the accounts. Raises `ValueError` when currency and amounts do not fit together."""
        return Policy(
            passwords=PasswordPolicy(min_length=self.min_password_length, words=self._words()),
            sessions=SessionPolicy(
                lifetime=timedelta(days=self.session_days), idle=timedelta(days=self.session_idle_days)
            ),
            cards=CardPolicy(currency=self.currency, amounts=self.verification_amounts),
            reauthentication=timedelta(minutes=self.reauthentication_minutes),
            email_change=self.email_change,
            customer_deletion=self.customer_deletion,
            unverified_accounts=_period(self.unverified_days),
            invitations=timedelta(days=self.invitation_days),
            retention=RetentionPolicy(
                audit=_period(self.retention_audit_days),
                notifications=_period(self.retention_notifications_days),
                devices=_period(self.retention_devices_days),
                verifications=_period(self.retention_verifications_days),
                dead_jobs=_period(self.retention_dead_jobs_days),
            ),
            private_registration=self.private_registration,
            limits=self.limits,
        )

    def _words(self) -> frozenset[str]:
        """Return the words that no password may consist of: the names of the product and of its hosts."""
        host = urlsplit(self.public_url).hostname if self.public_url else None
        parts = [] if host is None else [host, *host.split(".")]
        return frozenset({"accounts", self.mail_from.name, *parts, *([self.product_name] if self.product_name else [])})

    @property
    def tables(self) -> TablePlace:
        """Where the tables are, as arguments of whatever uses them."""
        return {"schema": self.database_schema, "prefix": self.database_prefix}

    def secrets(self) -> list[str]:
        """Return every secret in the settings, to be masked in logs and messages."""
        secrets = [
            self.stripe_api_key,
            self.stripe_webhook_secret,
            self.smtp_url.password if self.smtp_url else None,
            *self.database_url.secrets,
            *(self.rate_limits_url.secrets if self.rate_limits_url else ()),
        ]
        return [secret for secret in secrets if secret]

    @property
    def is_simulated(self) -> bool:
        """True when payments go to a simulator in this process instead of Stripe."""
        return self.stripe_api_key is None

    def without_effect(self) -> list[str]:
        """Return the names that are set and have no effect in this release, in alphabetical order."""
        return sorted(name for name in self.configured if not _FIELDS[name].metadata["used"])


def _names(field: "attrs.Attribute[Any]") -> list[str]:
    """Return the names of a setting, its own first; none for a field that is no setting."""
    if "parse" not in field.metadata:
        return []
    return [PREFIX + name for name in (field.name.upper(), field.metadata["alias"]) if name]


_FIELDS: Final[Mapping[str, "attrs.Attribute[Any]"]] = {
    name: field for field in attrs.fields(Settings) for name in _names(field)
}


def get_setting_names() -> Mapping[str, bool]:
    """Return every name that can be set, and whether it has an effect in this release."""
    return {name: field.metadata["used"] for name, field in _FIELDS.items()}


def _find(name: str, where: str) -> "attrs.Attribute[Any]":
    if name in _FIELDS:
        return _FIELDS[name]
    near = difflib.get_close_matches(name, _FIELDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ServiceError(f"{where}: no such setting.{hint}")


def _parse(field: "attrs.Attribute[Any]", text: str, where: str) -> Any:
    meta = field.metadata
    expected = meta["expected"]
    if (text and _is_text(text)) or (not text and meta["empty"]):
        try:
            return meta["parse"](text)
        except parsers.Expected as error:
            expected = str(error)
        except ValueError:
            pass  # its text may hold a secret
    raise ServiceError(f"{where}: expected {expected}; got {_shown(text, meta['secret'])}.")


def _is_text(text: str) -> bool:
    """Return whether this is UTF-8 without control characters: a NUL ends a file's name, a line break a header."""
    return not any(ord(each) < 32 or ord(each) == 127 or 0xD800 <= ord(each) <= 0xDFFF for each in text)


def _shown(text: str, secret: bool) -> str:
    if not text:
        return "nothing"
    if secret or _LOOKS_SECRET.search(text):
        return "something else, which is not shown because it may hold a secret"
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
