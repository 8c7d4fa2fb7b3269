"""`accounts users`: manage one user."""

import json
from collections.abc import Mapping
from typing import Any, Final

from accounts_cli.failures import CommandFailed
from accounts_cli.streams import say
from accounts_cli.terminal import confirm
from accounts_core import Accounts
from accounts_core.errors import ConfigurationError, NotFound
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_http.bodies import parse_json
from accounts_http.email_addresses import email_address, new_email_address
from accounts_http.errors import HttpError

MAX_DIGITS: Final = 18
"""Digits of the longest id."""


async def find_user(accounts: Accounts[Any], email_or_id: str) -> User:
    """Return the user with this email address or id. Raises `Invalid` and `NotFound`."""
    user_id = parse_id(email_or_id)
    return await (accounts.find_user(email_address(email_or_id)) if user_id is None else accounts.profile(user_id))


def parse_id(email_or_id: str) -> UserId | None:
    """Return the id, or None when this may be an email address. Raises `NotFound` for an impossible id."""
    if not (email_or_id.isascii() and email_or_id.isdigit()):
        return None
    digits = email_or_id.lstrip("0")
    if not digits or len(digits) > MAX_DIGITS:
        raise NotFound("user", email_or_id)
    return UserId(int(digits))


def parse_profile(text: str) -> Mapping[str, Any]:
    """Return profile data that was typed as JSON. Raises `CommandFailed`."""
    try:
        return parse_json(text)
    except HttpError as error:
        raise CommandFailed('--profile: expected a JSON object, such as \'{"company": "Bookshop"}\'.') from error


async def create_user(
    accounts: Accounts[Any],
    *,
    email: str,
    name: str,
    password: str,
    verified: bool,
    locale: str | None = None,
    time_zone: str | None = None,
    profile: Mapping[str, Any] | None = None,
) -> None:
    if profile is not None and accounts.profile_type is None:
        raise CommandFailed("--profile: ACCOUNTS_PROFILE_TYPE is not set, so users have no profile data.")
    user = await accounts.register(
        email=new_email_address(email),
        password=password,
        name=name,
        locale=locale,
        time_zone=time_zone,
        profile=profile,
        by=Actor.OPERATOR,
    )
    if verified:
        user = await accounts.mark_email_verified(user.id)
    say(f"Created user {user.id}, {user.email}.")


async def show_user(accounts: Accounts[Any], email_or_id: str, *, as_json: bool) -> None:
    user = await find_user(accounts, email_or_id)
    profile = _profile_of(accounts, user)
    facts = _facts(user) | ({} if profile is None else {"profile": profile})
    if as_json:
        say(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else value
        say(f"{name.replace('_', ' ') + ':':<19}{'-' if shown is None else shown}")


def _profile_of(accounts: Accounts[Any], user: User[Any]) -> Mapping[str, Any] | str | None:
    """Return the members of the profile data, or why they cannot be read; None if none is stored."""
    kind = accounts.profile_type
    if kind is None or not kind.stored:
        return None
    try:
        return kind.dump(user.profile)
    except ConfigurationError as error:
        return str(error)


async def verify_user(accounts: Accounts[Any], email_or_id: str) -> None:
    user = await accounts.mark_email_verified((await find_user(accounts, email_or_id)).id)
    say(f"User {user.id}: {user.email} is verified.")


async def deactivate_user(accounts: Accounts[Any], email_or_id: str) -> None:
    user = await accounts.deactivate((await find_user(accounts, email_or_id)).id, by=Actor.OPERATOR)
    say(f"User {user.id}, {user.email}, is deactivated and signed out everywhere.")


async def restore_user(accounts: Accounts[Any], email_or_id: str) -> None:
    user = await accounts.reinstate((await find_user(accounts, email_or_id)).id)
    say(f"User {user.id}, {user.email}, is active.")


async def unlock_user(accounts: Accounts[Any], email_or_id: str) -> None:
    user = await accounts.unlock_user((await find_user(accounts, email_or_id)).id)
    say(f"User {user.id}, {user.email}, is unlocked: earlier wrong passwords no longer count.")


async def delete_user(accounts: Accounts[Any], email_or_id: str, *, sure: bool) -> None:
    """Show the effects of a deletion, ask unless `sure`, and delete the user. Raises `CommandFailed` without a yes."""
    user = await find_user(accounts, email_or_id)
    preview = await accounts.preview_deletion(user.id)
    say(f"Permanently deleting user {user.id}, {user.email}:")
    say(f"  destroyed: {_counts(preview.destroyed)}")
    say(f"  kept, without an author: {_counts(preview.disassociated)}")
    if preview.blocked_by:
        say(f"  blocked by: {', '.join(preview.blocked_by)}")
    elif not sure and not confirm(f"Delete {user.email}?"):
        raise CommandFailed("Nothing was deleted.")
    await accounts.erase_user(user.id)
    say(f"Deleted user {user.id}.")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()) or "nothing"


def _facts(user: User) -> dict[str, Any]:
    """Return the fields of a user that an operator may see; the password hash is not one of them."""
    return {
        "id": user.id,
        "hex_id": user.hex_id,
        "email": user.email.address,
        "email_verified_at": user.email_verified_at and user.email_verified_at.isoformat(),
        "pending_email": user.pending_email and user.pending_email.address,
        **user.profile_fields(),
        "status": user.status.name.lower(),
        "balance": user.balance,
        "billing_customer": user.customer_id,
        "created_at": user.created_at.isoformat(),
        "updated_at": user.updated_at.isoformat(),
    }
