"""The calls of teams in a history: founding, inviting, accepting, writing, leaving, handing over, deleting."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from tests.simulation.environment import Core

from accounts_core.errors import NotAllowed, NotFound
from accounts_core.testing.simulation import Draw

from .cards import CardHistory
from .facts import Fact, Group, Person


class TeamHistory(CardHistory):
    """Adds what people do in teams."""

    weights: ClassVar[Mapping[str, int]] = {
        **CardHistory.weights,
        "found": 3,
        "invite": 3,
        "accept": 4,
        "write": 5,
        "leave": 1,
        "hand_over": 1,
        "delete_team": 1,
        "read_notifications": 1,
    }

    def found(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None and len(self.groups) < 6:
            self.spawn(draw, lambda accounts: self._found(accounts, person))

    async def _found(self, accounts: Core, person: Person) -> None:
        team = (await accounts.create_team(person.id, name="A team")).team
        self.groups.append(Group(team.id, owner=Fact(person.number)))
        if not person.account.surely("active"):
            self.groups[-1].is_there.may_be(False)

    def _chosen(self, draw: Draw) -> tuple[Group, Person] | None:
        """Choose a team, and somebody who may be its owner."""
        owned = [
            (group, person)
            for group in self.groups
            for person in self.people
            if person.number in group.owner.possible and person.known_id is not None and True in group.is_there.possible
        ]
        return draw.of(owned) if owned else None

    def invite(self, draw: Draw) -> None:
        if (chosen := self._chosen(draw)) is not None:
            group, owner = chosen
            email = draw.of(self.people).address
            self.spawn(draw, lambda accounts: accounts.invite_to_team(owner.id, group.id, email=email))

    def accept(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._accept(accounts, person, draw))

    async def _accept(self, accounts: Core, person: Person, draw: Draw) -> None:
        waiting = await accounts.list_invitations(person.id)
        if not waiting:
            return
        invitation = draw.of(waiting).invitation
        if draw.happens(4):
            await accounts.decline_invitation(person.id, invitation.id)
            return
        for group in self.groups:
            if group.id == invitation.team_id:
                member = group.member(person.number)
                await self.change({member: True}, lambda: accounts.accept_invitation(person.id, invitation.id))
                # who owns it by now does not become a member of it
                if not group.owner.is_sure or group.owner.surely(person.number):
                    member.may_be(False)

    def write(self, draw: Draw) -> None:
        if self.groups and (person := self.someone(draw)) is not None:
            group = draw.of(self.groups)
            self.spawn(draw, lambda accounts: self._write(accounts, person, group, draw.task))

    async def _write(self, accounts: Core, person: Person, group: Group, text: str) -> None:
        written = group.written.setdefault(text, Fact(False))
        was_out = self._is_out(person, group)
        try:
            await self.change({written: True}, lambda: accounts.write_interaction(person.id, group.id, body=text))
        except NotFound:
            return
        assert not (was_out and self._is_out(person, group)), "Nobody writes in a team that they are not in"

    def _is_out(self, person: Person, group: Group) -> bool:
        owner, member = group.owner, group.member(person.number)
        return group.is_there.surely(False) or (
            owner.is_sure and not owner.surely(person.number) and member.surely(False)
        )

    def leave(self, draw: Draw) -> None:
        if self.groups and (person := self.someone(draw)) is not None:
            group = draw.of(self.groups)
            left: dict[Fact, Any] = {group.member(person.number): False}
            self.spawn(
                draw,
                lambda accounts: self._tolerant(
                    left, lambda: accounts.remove_team_member(person.id, group.id, member_id=person.id)
                ),
            )

    def hand_over(self, draw: Draw) -> None:
        if (chosen := self._chosen(draw)) is not None and (to := self.someone(draw)) is not None:
            group, owner = chosen
            if to is owner:
                return
            changes = {group.owner: to.number, group.member(owner.number): True, group.member(to.number): False}
            self.spawn(
                draw,
                lambda accounts: self._tolerant(changes, lambda: accounts.hand_over_team(owner.id, group.id, to=to.id)),
            )

    def delete_team(self, draw: Draw) -> None:
        if (chosen := self._chosen(draw)) is not None:
            group, owner = chosen
            self.spawn(
                draw,
                lambda accounts: self._tolerant(
                    {group.is_there: False}, lambda: accounts.delete_team(owner.id, group.id)
                ),
            )

    async def _tolerant(self, changes: Mapping[Fact, Any], call: Callable[[], Awaitable[Any]]) -> None:
        try:
            await self.change(changes, call)
        except (NotFound, NotAllowed):
            return

    def read_notifications(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: accounts.mark_all_notifications_read(person.id))
