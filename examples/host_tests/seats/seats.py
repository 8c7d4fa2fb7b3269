"""A host with cards and teams: a team has as many seats as its owner ordered, and an order needs a verified card."""

import attrs

from accounts_core import ActionRequired, BlockingAccounts, TeamId
from accounts_core.errors import CardDeclined, ProviderError


class NoSeat(Exception):
    """All seats of the team are taken."""


@attrs.define
class Seats:
    """The application."""

    accounts: BlockingAccounts
    _ordered: dict[TeamId, int] = attrs.field(factory=dict, init=False)

    def order(self, token: str, team_id: TeamId, seats: int, *, payment_method: str) -> str:
        """Order seats with a card; returns `ordered`, `declined`, `authenticate` or `later`."""
        owner = self.accounts.authenticate(token).user
        self.accounts.get_team(owner.id, team_id).team.check_owner(owner.id)
        try:
            result = self.accounts.verify_card(owner.id, payment_method=payment_method)
        except CardDeclined:
            return "declined"
        except ProviderError:
            return "later"
        if isinstance(result, ActionRequired):
            return "authenticate"
        self._ordered[team_id] = seats
        return "ordered"

    def invite(self, token: str, team_id: TeamId, email: str) -> None:
        """Invite somebody, while there is a seat."""
        owner = self.accounts.authenticate(token).user
        members = self.accounts.list_team_members(owner.id, team_id)
        if len(members) - 1 >= self._ordered.get(team_id, 0):
            raise NoSeat(team_id)
        self.accounts.invite_to_team(owner.id, team_id, email=email)
