"""`accounts users ...`: what an operator does to one user."""

import json
from collections.abc import Mapping
from typing import Any, Final

from accounts_cli.failures import CommandFailed
from accounts_cli.streams import say
from accounts_cli.terminal import confirm
from accounts_core import Accounts
from accounts_core.errors import NotFound
from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_http.email_addresses import email_address, new_email_address

MOST_DIGITS: Final = 18
"""No id is longer."""


async def find(accounts: Accounts[Any], who: str) -> User:
    """Return the user with this address or id. Raises `Invalid` and `NotFound`."""
    user_id = id_of(who)
    return await (accounts.find_user(email_address(who)) if user_id is None else accounts.profile(user_id))


def id_of(who: str) -> UserId | None:
    """Return the id that this is, or None for what may be an address. Raises `NotFound` for one that nobody has."""
    if not (who.isascii() and who.isdigit()):
        return None
    digits = who.lstrip("0")
    if not digits or len(digits) > MOST_DIGITS:
        raise NotFound("user", who)
    return UserId(int(digits))


async def create(accounts: Accounts[Any], *, email: str, name: str, password: str, verified: bool) -> None:
    user = await accounts.register(email=new_email_address(email), password=password, name=name, by=Actor.OPERATOR)
    if verified:
        user = await accounts.mark_email_verified(user.id)
    say(f"Created user {user.id}, {user.email}.")


async def show(accounts: Accounts[Any], who: str, *, as_json: bool) -> None:
    facts = _facts(await find(accounts, who))
    if as_json:
        say(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        say(f"{name.replace('_', ' ') + ':':<19}{'-' if value is None else value}")


async def verify(accounts: Accounts[Any], who: str) -> None:
    user = await accounts.mark_email_verified((await find(accounts, who)).id)
    say(f"User {user.id}: {user.email} is verified.")


async def deactivate(accounts: Accounts[Any], who: str) -> None:
    user = await accounts.deactivate((await find(accounts, who)).id, by=Actor.OPERATOR)
    say(f"User {user.id}, {user.email}, is deactivated and signed out everywhere.")


async def restore(accounts: Accounts[Any], who: str) -> None:
    user = await accounts.reinstate((await find(accounts, who)).id)
    say(f"User {user.id}, {user.email}, is active.")


async def unlock(accounts: Accounts[Any], who: str) -> None:
    user = await accounts.unlock_user((await find(accounts, who)).id)
    say(f"User {user.id}, {user.email}, is unlocked: wrong passwords before now do not count.")


async def delete(accounts: Accounts[Any], who: str, *, sure: bool) -> None:
    """Show what would go and what would stay, ask, and delete for good. Raises `CommandFailed` on a no."""
    user = await find(accounts, who)
    preview = await accounts.preview_deletion(user.id)
    say(f"Deleting user {user.id}, {user.email}, for good:")
    say(f"  destroyed: {_counts(preview.destroyed)}")
    say(f"  kept, without an author: {_counts(preview.disassociated)}")
    if preview.blocked_by:
        say(f"  settle first: {', '.join(preview.blocked_by)}")
    elif not sure and not confirm(f"Delete {user.email}?"):
        raise CommandFailed("Nothing was deleted.")
    await accounts.erase_user(user.id)
    say(f"Deleted user {user.id}.")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()) or "nothing"


def _facts(user: User) -> dict[str, Any]:
    """Return what an operator may see of a user; the password's hash is not among it."""
    return {
        "id": user.id,
        "hex_id": user.hex_id,
        "email": user.email.address,
        "email_verified_at": user.email_verified_at and user.email_verified_at.isoformat(),
        "pending_email": user.pending_email and user.pending_email.address,
        "name": user.name,
        "status": user.status.name.lower(),
        "balance": user.balance,
        "billing_customer": user.customer_id,
        "created_at": user.created_at.isoformat(),
        "updated_at": user.updated_at.isoformat(),
    }
