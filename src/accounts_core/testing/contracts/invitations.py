"""Open invitations as seen by their sender and by the person invited, and what ends them."""

from datetime import datetime, timedelta

import attrs
import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import InvitationResent, InvitationRevoked, Invited, UserRegistered
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import InviteJob, RecoveryMailJob, SecurityMailJob, TakenMailJob
from accounts_core.model.team import Invitation, InvitationView, Person
from accounts_core.model.user import UserStatus
from accounts_core.testing.builders import NOON, a_job, a_membership, a_team, a_user, an_invitation, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.teams import MEMBER, OWNER, PEOPLE, TEAM
from accounts_core.testing.harness import AnyStore, add, keep, read_back

GUEST = EmailAddress("guest@example.org")
A_MICROSECOND = timedelta(microseconds=1)


async def into(store: AnyStore, team: int = TEAM, *, since: datetime) -> list[str]:
    reader = await read_back(store, lambda s: s.teams.list_invitations_into(TeamId(team), open_since=since, limit=9))
    return [view.invitation.id for view in reader]


async def stored(store: AnyStore, id: str) -> Invitation | None:
    view = await read_back(store, lambda s: s.teams.find_invitation(id))
    return None if view is None else view.invitation


class InvitationsContract(StoreContract):
    """`Teams` and `TeamReader`: open invitations, their end, and the removal of invited addresses."""

    async def test_an_invitation_is_open_while_it_was_sent_after_the_given_time(self, store: AnyStore) -> None:
        invitation = an_invitation(email=GUEST, created_at=at(-9), sent_at=NOON)
        await keep(store, *PEOPLE, a_team(), invitation)
        expected = InvitationView(
            invitation=invitation, team_name="Bookshop", invited_by=Person(id=OWNER, name="Olga Owner")
        )

        for since, found in ((NOON - A_MICROSECOND, [expected]), (NOON, [])):
            assert list(await self._everywhere(store, since)) == [found, found, found]

    async def test_an_invitation_by_somebody_else_than_the_present_owner_is_not_open(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), a_membership(), an_invitation(email=GUEST))
        async with store.begin() as work:
            team = await work.teams.get(TEAM, lock=True)
            await work.teams.save(team.hand_over(MEMBER))

        assert list(await self._everywhere(store, at(-1))) == [[], [], []]
        assert await stored(store, "inv_1") is not None

    async def test_an_invitation_of_nobody_is_not_open(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), an_invitation(email=GUEST, invited_by=None))

        assert list(await self._everywhere(store, at(-1))) == [[], [], []]

    async def test_an_invitation_by_a_deactivated_owner_is_not_open_until_they_are_back(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), an_invitation(email=GUEST))
        for status, count in ((UserStatus.DEACTIVATED, 0), (UserStatus.ACTIVE, 1)):
            async with store.begin() as work:
                owner = await work.users.get(OWNER, lock=True)
                await work.users.save(attrs.evolve(owner, status=status))

            assert [len(found) for found in await self._everywhere(store, at(-1))] == [count] * 3

    async def _everywhere(self, store: AnyStore, since: datetime) -> list[list[InvitationView]]:
        """Return what each way of asking for open invitations gives, which are those of one team and one address."""
        found = await read_back(store, lambda s: s.teams.find_invitation("inv_1", open_since=since))
        async with store.begin() as work:
            assert await work.teams.count_invitations(TEAM, open_since=since) == (found is not None)
        return [
            [] if found is None else [found],
            list(await read_back(store, lambda s: s.teams.list_invitations_into(TEAM, open_since=since, limit=9))),
            list(await read_back(store, lambda s: s.teams.list_invitations_to(GUEST, open_since=since, limit=9))),
        ]

    async def test_a_team_lists_its_own_invitations_alone(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2))
        await keep(store, an_invitation("inv_1", 1), an_invitation("inv_2", 2), an_invitation("inv_3", 1))

        assert await into(store, since=at(-1)) == ["inv_3", "inv_1"]
        assert await into(store, 2, since=at(-1)) == ["inv_2"]
        assert await into(store, 9, since=at(-1)) == []

    async def test_the_invitation_of_an_address_into_a_team_is_found_in_any_spelling(self, store: AnyStore) -> None:
        invitation = an_invitation(email=GUEST, is_mail_pending=True, sent_at=at(3))
        await keep(store, *PEOPLE, a_team(1), a_team(2), invitation)

        async with store.begin() as work:
            assert await work.teams.find_invitation_for_email(TEAM, EmailAddress("GUEST@example.org")) == invitation
            assert await work.teams.find_invitation_for_email(TEAM, EmailAddress("host@example.org")) is None
            assert await work.teams.find_invitation_for_email(TeamId(2), GUEST) is None

    async def test_an_invitation_is_renewed_where_it_stands(self, store: AnyStore) -> None:
        invitation = an_invitation(email=GUEST)
        await keep(store, *PEOPLE, a_team(), invitation, an_invitation("inv_2"))

        async with store.begin() as work:
            assert await work.teams.renew_invitation("inv_1", sent_at=at(5), is_mail_pending=True) is True
            assert await work.teams.renew_invitation("inv_9", sent_at=at(5), is_mail_pending=True) is False

        assert await stored(store, "inv_1") == attrs.evolve(invitation, sent_at=at(5), is_mail_pending=True)
        assert await into(store, since=NOON) == ["inv_1"]
        assert await into(store, since=at(-1)) == ["inv_2", "inv_1"]

    async def test_the_invitations_into_a_team_are_removed_and_no_others(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2))
        await keep(store, an_invitation("inv_1", 1), an_invitation("inv_2", 2), an_invitation("inv_3", 1))

        async with store.begin() as work:
            await work.teams.delete_invitations_into(TEAM)

        assert [await stored(store, f"inv_{n}") is not None for n in (1, 2, 3)] == [False, True, False]

    @pytest.mark.parametrize("kind", [Invited, InvitationResent, InvitationRevoked])
    async def test_a18_an_invited_address_is_taken_out_of_the_trail_in_any_spelling(
        self, store: AnyStore, kind: type[Invited | InvitationResent | InvitationRevoked]
    ) -> None:
        await keep(store, a_user(OWNER), a_user(MEMBER))
        for email in ("Guest@example.org", "host@example.org"):
            await keep(store, kind(user_id=OWNER, at=NOON, team_id=TEAM, email=EmailAddress(email)))
        await keep(store, UserRegistered(user_id=MEMBER, at=NOON, email=GUEST))

        for _ in range(2):
            async with store.begin() as work:
                await work.audit.redact_invited(EmailAddress("GUEST@example.org"))

        entries = await read_back(store, lambda s: s.audit.list(limit=9))
        assert [dict(entry.details) for entry in entries] == [
            {"email": "guest@example.org"},
            {"team_id": TEAM, "email": "host@example.org"},
            {"team_id": TEAM},
        ]

    async def test_a18_jobs_about_a_typed_address_are_removed_and_those_that_tell_its_owner_stay(
        self, store: AnyStore
    ) -> None:
        typed, other = {"email": "GUEST@example.org"}, {"email": "host@example.org"}
        notice = {"to": "guest@example.org", "email": "guest@example.org", "purpose": "email_changed"}
        async with store.begin() as work:
            for topic in (InviteJob.topic, RecoveryMailJob.topic, TakenMailJob.topic):
                await add(work, a_job(f"job_{topic}_gone", topic=topic, payload={**typed, "team": "1", "by": "1"}))
                await add(work, a_job(f"job_{topic}_stays", topic=topic, payload=other))
            await add(work, a_job("job_notice", topic=SecurityMailJob.topic, payload=notice))
            await add(work, a_job("job_host", topic="host.welcome", payload=typed))
            await add(
                work, a_job("job_parked", topic=InviteJob.topic, payload=typed, dead_lettered_at=NOON, last_error="-")
            )
            await work.outbox.delete_for_email(GUEST)

        left = await read_back(store, lambda s: s.outbox.list(limit=99))
        assert sorted(job.id for job in left) == [
            "job_host",
            "job_invite_stays",
            "job_notice",
            "job_recovery_mail_stays",
            "job_taken_mail_stays",
        ]

    async def test_a_deleted_users_invitations_go_wherever_they_lead(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2, MEMBER))
        await keep(store, an_invitation("inv_1", 1), an_invitation("inv_2", 2, invited_by=OWNER))
        await keep(store, an_invitation("inv_3", 2, invited_by=MEMBER))

        async with store.begin() as work:
            await work.teams.delete_for_user(UserId(OWNER))

        assert [await stored(store, f"inv_{n}") is not None for n in (1, 2, 3)] == [False, False, True]
