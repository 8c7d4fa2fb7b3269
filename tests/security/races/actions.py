"""What the racing processes do. Each takes the accounts, and returns plain data; `partial` gives it the rest."""

from hashlib import sha256
from typing import Any

from accounts_core.accounts import Accounts
from accounts_core.model.ids import TeamId, UserId
from accounts_core.ports.store import Store
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.use_cases.cards.verify_card import VerificationResult

Core = Accounts[Any]


async def sign_up(accounts: Core, email: str, password: str) -> int:
    return (await accounts.register(email=email, password=password, name="Jane Doe")).id


async def sign_in(accounts: Core, email: str, password: str, client: str | None = None) -> str:
    return (await accounts.sign_in(email=email, password=password, client=client)).token


async def restore(accounts: Core, email: str, password: str) -> str:
    return (await accounts.restore(email=email, password=password)).token


async def authenticate(accounts: Core, token: str) -> int:
    return (await accounts.authenticate(token)).user.id


async def deactivate(accounts: Core, user_id: UserId) -> None:
    await accounts.deactivate(user_id)


async def delete(accounts: Core, user_id: UserId, password: str) -> None:
    await accounts.delete_user(user_id, password=password)


async def change_password(accounts: Core, user_id: UserId, old: str, new: str) -> None:
    await accounts.update_profile(user_id, current_password=old, new_password=new)


async def reset_password(accounts: Core, token: str, password: str) -> None:
    await accounts.reset_password(token=token, password=password)


async def rename(accounts: Core, user_id: UserId, name: str) -> None:
    await accounts.update_profile(user_id, name=name)


async def write(accounts: Core, user_id: UserId, team_id: TeamId, body: str) -> str:
    return (await accounts.write_interaction(user_id, team_id, body=body)).interaction.id


async def remove_card(accounts: Core, user_id: UserId, id: str) -> None:
    await accounts.remove_payment_method(user_id, id)


async def verify_card(accounts: Core, user_id: UserId, payment_method: str, key: str | None = None) -> str:
    outcome = await accounts.verify_card(user_id, payment_method=payment_method, idempotency_key=key)
    assert isinstance(outcome, VerificationResult)
    return outcome.payment_method


async def verify_card_once(accounts: Core, user_id: UserId, payment_method: str, key: str) -> tuple[str, bool]:
    """Do as the HTTP service does with an `Idempotency-Key`; return the answer, and whether it was given before."""
    scope = sha256(key.encode()).digest()

    async def perform(store: Store[Any]) -> IdempotentAnswer:
        done = await verify_card(accounts.on(store), user_id, payment_method, scope.hex())
        return IdempotentAnswer(answer=done.encode(), is_final=True, took_effect=True)

    performed = await accounts.run_idempotent(
        user_id,
        scope=scope,
        fingerprint=sha256(payment_method.encode()).digest(),
        perform=perform,
        in_single_unit=False,
    )
    return performed.answer.decode(), performed.is_replayed
