"""Every setting of the service, in one frozen object, read from the environment and a `.env` file.

A setting is a field of `Settings`: `ACCOUNTS_` and the field's name in capitals. An unknown one or a bad value stops
the start. A value that was not given is not in `given`, and the field has its default.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

import attrs

from accounts_cli import values
from accounts_cli.database_url import DatabaseUrl
from accounts_cli.environment import read_env_file
from accounts_cli.failures import CommandFailed
from accounts_core.model.passwords import DEFAULT_LENGTH, LEAST_LENGTH, PasswordPolicy
from accounts_core.model.policy import CardPolicy, CustomerDeletion, EmailChange, Policy, RetentionPolicy, SessionPolicy
from accounts_core.ports.rate_limiter import RateLimit
from accounts_redis import RedisUrl
from accounts_smtp import Sender, SmtpUrl

T = TypeVar("T")

PREFIX: Final = "ACCOUNTS_"
TESTS: Final = "ACCOUNTS_TEST_"
_SHOWN: Final = 60
_LOOKS_SECRET: Final = re.compile(r"[sr]k_|whsec_|//.*@", re.DOTALL)
"""A key of Stripe, or a URL with a password, that went into the wrong setting."""
_TEN_YEARS: Final = 3650


def _setting(
    parse: Callable[[str], T],
    expected: str,
    default: T | None = None,
    *,
    secret: bool = False,
    empty: bool = False,
    used: bool = True,
) -> T:
    """Describe a setting. `empty` lets it be set to nothing; a setting that is not `used` comes into its own later."""
    meta = {"parse": parse, "expected": expected, "secret": secret, "empty": empty, "used": used}
    field: T = attrs.field(default=default, repr=not secret, metadata=meta)
    return field


def _retention(days: int) -> int:
    return _setting(values.number(0, _TEN_YEARS), f"a number of days from 0 (for ever) to {_TEN_YEARS}", days)


def _days(count: int) -> timedelta | None:
    return timedelta(days=count) if count else None


def _optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return parse


@attrs.frozen(kw_only=True)
class Settings:
    """How this service is set up. Secrets are not in the `repr`."""

    database_url: DatabaseUrl = _setting(  # noqa: RUF009  makes an attrs field
        DatabaseUrl.parse,
        "sqlite:///<file> or postgresql://<user>:<password>@<host>/<name>, with every @ in the password written as %40",
        DatabaseUrl.parse("sqlite:///accounts.db"),
        secret=True,
    )
    public_url: str | None = _setting(_optional(values.page_url), "a URL such as https://accounts.example.org")
    stripe_api_key: str | None = _setting(
        _optional(values.key("sk_test_", "sk_live_", "rk_test_", "rk_live_")),
        "a secret key of Stripe, sk_test_... or sk_live_...",
        secret=True,
    )
    stripe_publishable_key: str | None = _setting(
        _optional(values.key("pk_test_", "pk_live_")),
        "a publishable key of Stripe, pk_test_... or pk_live_...",
        used=False,
    )
    stripe_api_base: str | None = _setting(_optional(values.page_url), "a URL such as https://api.stripe.com")
    stripe_webhook_secret: str | None = _setting(
        _optional(values.key("whsec_")), "a signing secret of Stripe, whsec_...", secret=True
    )
    stripe_simulator: bool | None = _setting(_optional(values.boolean), "true or false")
    currency: str = _setting(values.currency, "a currency code of three letters, such as usd", "usd")
    verification_amounts: Mapping[str, int] = _setting(
        values.amounts, "amounts in minor units by currency, such as usd=100,jpy=150", MappingProxyType({"usd": 100})
    )
    smtp_url: SmtpUrl | None = _setting(  # noqa: RUF009  makes an attrs field
        _optional(SmtpUrl.parse),
        "a URL such as smtps://user:password@mail.example.org",
        secret=True,
    )
    mail_from: Sender = _setting(  # noqa: RUF009  makes an attrs field
        Sender.parse,
        "an address, such as Accounts <no-reply@example.org>",
        Sender.parse("Accounts <no-reply@accounts.invalid>"),
    )
    private_registration: bool = _setting(values.boolean, "true or false", default=False)
    min_password_length: int = _setting(
        values.number(LEAST_LENGTH, 128), f"a number of characters from {LEAST_LENGTH} to 128", DEFAULT_LENGTH
    )
    session_days: int = _setting(values.number(1, _TEN_YEARS), f"a number of days from 1 to {_TEN_YEARS}", 30)
    session_idle_days: int = _setting(values.number(1, _TEN_YEARS), f"a number of days from 1 to {_TEN_YEARS}", 14)
    reauthentication_minutes: int = _setting(values.number(0, 1440), "a number of minutes from 0 (off) to 1440", 15)
    unverified_days: int = _setting(
        values.number(0, _TEN_YEARS), f"a number of days from 0 (never) to {_TEN_YEARS}", 30
    )
    retention_audit_days: int = _retention(400)
    retention_notifications_days: int = _retention(400)
    retention_devices_days: int = _retention(400)
    retention_verifications_days: int = _retention(400)
    retention_dead_jobs_days: int = _retention(90)
    invitation_days: int = _setting(values.number(1, _TEN_YEARS), f"a number of days from 1 to {_TEN_YEARS}", 14)
    email_change: EmailChange = _setting(  # noqa: RUF009  makes an attrs field
        EmailChange, "confirm or immediate", EmailChange.CONFIRM
    )
    customer_deletion: CustomerDeletion = _setting(  # noqa: RUF009  makes an attrs field
        CustomerDeletion, "block, keep or delete", CustomerDeletion.BLOCK
    )
    trusted_proxies: tuple[values.Network, ...] = _setting(
        values.networks, "IP addresses or networks, such as 10.0.0.0/8,::1", (), empty=True
    )
    cors_origins: tuple[str, ...] = _setting(
        values.origins, "web origins, such as https://app.example.org,http://localhost:3000", (), empty=True
    )
    limits: Mapping[str, Mapping[str, RateLimit]] = _setting(
        values.limits,
        "limits such as sign-in=100/hour,sign-in.account=10/hour, each once, per second, minute, hour or day, of "
        f"{', '.join(values.LIMIT_NAMES)}",
        MappingProxyType({}),
    )
    redis_url: RedisUrl | None = _setting(  # noqa: RUF009  makes an attrs field
        _optional(RedisUrl.parse),
        "a URL such as rediss://user:password@cache.example.org:6379/0, redis://... or unix:///run/redis/redis.sock",
        secret=True,
    )
    given: frozenset[str] = attrs.field(default=frozenset())
    """The names, such as `ACCOUNTS_CURRENCY`, that were set; all others have their defaults."""

    def __attrs_post_init__(self) -> None:
        self.policy()

    @classmethod
    def load(cls, environment: Mapping[str, str], folder: Path) -> Self:
        """Read `environment`, and for what is not set there, the file `.env` in `folder`.

        Raises `CommandFailed` as `parse` does, and when the file cannot be read.
        """
        return cls.parse(environment, in_file=read_env_file(folder / ".env"))

    @classmethod
    def parse(cls, environment: Mapping[str, str], *, in_file: Mapping[str, str] | None = None) -> Self:
        """Read `environment`, and where it has nothing, what the `.env` file sets. Other programs' names are skipped.

        Raises `CommandFailed` with one line that names the setting, what was given, and what was expected.
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
            fields[field.name] = _parse(field, text, where)
        try:
            return cls(given=frozenset(texts), **fields)
        except ValueError as error:
            raise CommandFailed(f"ACCOUNTS_CURRENCY, ACCOUNTS_VERIFICATION_AMOUNTS: {error}") from error

    def policy(self) -> Policy:
        """Return what the product decides. Raises `ValueError` when currency and amounts do not fit together."""
        return Policy(
            passwords=PasswordPolicy(min_length=self.min_password_length, words=self._words()),
            sessions=SessionPolicy(
                lifetime=timedelta(days=self.session_days), idle=timedelta(days=self.session_idle_days)
            ),
            cards=CardPolicy(currency=self.currency, amounts=self.verification_amounts),
            reauthentication=timedelta(minutes=self.reauthentication_minutes),
            email_change=self.email_change,
            customer_deletion=self.customer_deletion,
            unverified_accounts=_days(self.unverified_days),
            invitations=timedelta(days=self.invitation_days),
            retention=RetentionPolicy(
                audit=_days(self.retention_audit_days),
                notifications=_days(self.retention_notifications_days),
                devices=_days(self.retention_devices_days),
                verifications=_days(self.retention_verifications_days),
                dead_jobs=_days(self.retention_dead_jobs_days),
            ),
            private_registration=self.private_registration,
            limits=self.limits,
        )

    def _words(self) -> frozenset[str]:
        """What everybody here would think of: what the product calls itself, and where it is reached."""
        host = urlsplit(self.public_url).hostname if self.public_url else None
        parts = [] if host is None else [host, *host.split(".")]
        return frozenset({"accounts", self.mail_from.name, *parts})

    def secrets(self) -> list[str]:
        """Return every secret that was set, so that a log can be kept clear of them."""
        urls = [] if self.redis_url is None else [urlsplit(self.redis_url.text).password]
        found = [
            self.stripe_api_key,
            self.stripe_webhook_secret,
            self.smtp_url.password if self.smtp_url else None,
            *self.database_url.secrets,
            *(None if password is None else unquote(password) for password in urls),
        ]
        return [secret for secret in found if secret]

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator in the process stands in for Stripe."""
        return self.stripe_api_key is None

    def without_effect(self) -> list[str]:
        """Return the names that were set and that this release does nothing with yet, in alphabetical order."""
        return sorted(name for name in self.given if not _FIELDS[name].metadata["used"])


_FIELDS: Final[Mapping[str, "attrs.Attribute[Any]"]] = {
    PREFIX + field.name.upper(): field for field in attrs.fields(Settings) if "parse" in field.metadata
}


def _find(name: str, where: str) -> "attrs.Attribute[Any]":
    if name in _FIELDS:
        return _FIELDS[name]
    near = difflib.get_close_matches(name, _FIELDS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise CommandFailed(f"{where}: there is no such setting.{hint}")


def _parse(field: "attrs.Attribute[Any]", text: str, where: str) -> Any:
    meta = field.metadata
    expected = meta["expected"]
    if (text and _is_text(text)) or (not text and meta["empty"]):
        try:
            return meta["parse"](text)
        except values.Expected as error:
            expected = str(error)
        except ValueError:
            pass  # its text may hold a secret
    raise CommandFailed(f"{where}: expected {expected}; got {_shown(text, meta['secret'])}.")


def _is_text(text: str) -> bool:
    """Return whether this is UTF-8 without control characters: a NUL ends a file's name, a line break a header."""
    return not any(ord(each) < 32 or ord(each) == 127 or 0xD800 <= ord(each) <= 0xDFFF for each in text)


def _shown(text: str, secret: bool) -> str:
    if not text:
        return "nothing"
    if secret or _LOOKS_SECRET.search(text):
        return "something else, which is not shown because it may hold a secret"
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
