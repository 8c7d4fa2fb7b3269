"""What an environment holds, read through the ports that any adapter has, and put so that two runs can be compared."""

from collections import Counter
from typing import Any, Final

import attrs

from accounts_core import run_sync
from accounts_core.model import Cards, CardVerification, OutboxJob, Password, Session, TeamId, User, UserId
from accounts_core.model.audit import AuditEntry
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.store import UnitOfWork

from .environment import JANE, JOHN, OTHER_PASSWORD, PASSWORD, Environment

MOST: Final = 10_000


@attrs.frozen
class Contents:
    """Everything that is stored, as the repositories give it."""

    users: dict[UserId, User]
    sessions: dict[UserId, list[Session]]
    cards: dict[UserId, Cards]
    verifications: dict[UserId, list[CardVerification]]
    orphaned: list[CardVerification]
    """Those that have lost their user, and are open still."""
    notifications: dict[UserId, list[Any]]
    teams: dict[TeamId, Any]
    invitations: list[Any]
    jobs: list[OutboxJob]
    audit: list[AuditEntry]


def contents(env: Environment) -> Contents:
    """Read everything, in one unit of work."""
    users, teams = env.backend.user_ids(), env.backend.team_ids()

    async def read() -> Contents:
        async with env.backend.store.begin() as work:
            return await _read(env, work, users, teams)

    return run_sync(read())


async def _read(env: Environment, work: UnitOfWork, users: list[UserId], teams: list[TeamId]) -> Contents:
    found = {each: await work.users.get(each) for each in users}
    orphaned = [
        each
        for customer in [*env.gateway._provider._customers]
        for each in await work.verifications.list_open_for_customer(customer)
        if each.is_orphaned
    ]
    stored_teams = {}
    for team_id in teams:
        stored_teams[team_id] = (
            await work.teams.get(team_id),
            await work.teams.list_members(team_id, limit=MOST),
            await work.teams.list_interactions(team_id, limit=MOST),
        )
    addresses = {user.email for user in found.values()} | {
        EmailAddress(each) for each in (JANE, JOHN, "new@example.org")
    }
    invitations = [
        view.invitation
        for address in sorted(addresses, key=lambda email: email.key)
        for view in await work.teams.list_invitations_to(address, limit=MOST)
    ]
    return Contents(
        users=found,
        sessions={each: list(await work.sessions.list_for_user(each, limit=MOST)) for each in users},
        cards={each: await work.payment_methods.list_for_user(each) for each in users},
        verifications={each: list(await work.verifications.list_for_user(each, limit=MOST)) for each in users},
        orphaned=orphaned,
        notifications={each: list(await work.notifications.list_for_user(each, limit=MOST)) for each in users},
        teams=stored_teams,
        invitations=invitations,
        jobs=list(await work.outbox.list(limit=MOST)),
        audit=list(await work.audit.list(limit=MOST)),
    )


def essence(env: Environment) -> dict[str, object]:
    """Return what an environment holds, without ids, times and how it came to it: the same for what means the same."""
    stored = contents(env)
    address = {user_id: user.email.address for user_id, user in stored.users.items()}
    return {
        "users": sorted(map(repr, (_user(env, user) for user in stored.users.values()))),
        "sessions": sorted(
            (address[user_id], repr(each.user_agent)) for user_id, of in stored.sessions.items() for each in of
        ),
        "cards": sorted(
            (address[user_id], card.card.last4, card.is_default) for user_id, of in stored.cards.items() for card in of
        ),
        "notifications": sorted(
            (address[user_id], each.message, each.read_at is not None)
            for user_id, of in stored.notifications.items()
            for each in of
        ),
        "teams": sorted(
            repr(
                (
                    team.name,
                    address.get(team.owner_id),
                    sorted((member.person.name, member.role) for member in members),
                    sorted((view.interaction.body, view.author and view.author.name) for view in written),
                )
            )
            for team, members, written in stored.teams.values()
        ),
        "invitations": sorted((each.email.address, address.get(each.invited_by)) for each in stored.invitations),
        "mails": sorted(Counter((to, purpose) for _, to, purpose in _delivered(env)).items()),
        "trail": sorted(Counter((address.get(entry.user_id, ""), entry.action) for entry in stored.audit).items()),
        "attached": sorted(
            card.card.last4 for card in env.gateway._provider._cards.values() if card.customer_id is not None
        ),
    }


def _delivered(env: Environment) -> set[tuple[str, str, str]]:
    """Each notice once, however often it was delivered: its id tells a mail server that they are one."""
    return {(notice.id, notice.to.address, notice.kind) for notice in env.mailer.delivered}


def _user(env: Environment, user: User) -> tuple[object, ...]:
    return (
        user.email.address,
        *user.profile_fields().values(),
        user.status,
        user.pending_email and user.pending_email.address,
        user.email_verified_at is not None,
        [run_sync(env.hasher.verify(user.password_hash, Password(word))) for word in (PASSWORD, OTHER_PASSWORD)],
        user.password_hash.reveal().split("$")[1],
        user.customer_id is not None,
        user.balance,
    )
