"""Rules about cards and teams."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule
from tests.simulation.lockstep import arguments as given
from tests.simulation.lockstep.base import LockstepBase, all_of, made
from tests.simulation.lockstep.reference import columns

from accounts_core.model.ids import TeamId, UserId
from accounts_core.use_cases.cards.verify_card import VerificationResult

maybe = st.none


class CardRules(LockstepBase):
    @rule(
        target=given.cards,
        user=given.users,
        card=given.asked_for,
        return_url=given.return_urls,
        client=given.clients,
        idempotency_key=given.idempotency_keys,
    )
    def verify_card(
        self, user: UserId, card: str, return_url: str | None, client: str | None, idempotency_key: str | None
    ) -> Any:
        outcome = self.ask(
            "verify_card",
            lambda at: at.verify_card(
                user, payment_method=card, return_url=return_url, client=client, idempotency_key=idempotency_key
            ),
        )
        return outcome.value.payment_method if isinstance(outcome.value, VerificationResult) else multiple()

    @rule(target=given.verifications, user=given.users, limit=given.limits, before=maybe() | given.verifications)
    def list_verifications(self, user: UserId, limit: int, before: str | None) -> Any:
        found = self.ask(
            "list_verifications", lambda at: tuple(at.list_verifications(user, limit=limit, before=before))
        )
        return all_of(found, lambda view: view.verification.id)

    @rule(user=given.users)
    def list_payment_methods(self, user: UserId) -> None:
        self.ask("list_payment_methods", lambda at: tuple(at.list_payment_methods(user)))

    @rule(user=given.users, card=given.cards, own=given.mostly)
    def set_default_payment_method(self, user: UserId, card: str, own: bool) -> None:
        user = self.whose("payment_methods", card, user) if own else user
        self.ask("set_default_payment_method", lambda at: at.set_default_payment_method(user, card))

    @rule(user=given.users, card=given.cards, own=given.mostly)
    def remove_payment_method(self, user: UserId, card: str, own: bool) -> None:
        user = self.whose("payment_methods", card, user) if own else user
        self.ask("remove_payment_method", lambda at: at.remove_payment_method(user, card))

    @rule(target=given.customers, user=given.users)
    def retrieve_customer(self, user: UserId) -> Any:
        return made(self.ask("retrieve_customer", lambda at: at.retrieve_customer(user)), lambda customer: customer.id)


class TeamRules(LockstepBase):
    @rule(target=given.teams, user=given.users, name=given.names)
    def create_team(self, user: UserId, name: str) -> Any:
        return made(self.ask("create_team", lambda at: at.create_team(user, name=name)), lambda view: view.team.id)

    @rule(user=given.users, limit=given.limits, before=maybe() | given.teams)
    def list_teams(self, user: UserId, limit: int, before: TeamId | None) -> None:
        self.ask("list_teams", lambda at: at.list_teams(user, limit=limit, before=before))

    @rule(user=given.users, team=given.teams, own=given.mostly)
    def get_team(self, user: UserId, team: TeamId, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("get_team", lambda at: at.get_team(user, team))

    @rule(user=given.users, team=given.teams, name=given.names, own=given.mostly)
    def rename_team(self, user: UserId, team: TeamId, name: str, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("rename_team", lambda at: at.rename_team(user, team, name=name))

    @rule(user=given.users, team=given.teams, own=given.mostly)
    def delete_team(self, user: UserId, team: TeamId, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("delete_team", lambda at: at.delete_team(user, team))

    @rule(user=given.users, team=given.teams, to=given.users, own=given.mostly)
    def hand_over_team(self, user: UserId, team: TeamId, to: UserId, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("hand_over_team", lambda at: at.hand_over_team(user, team, to=to))

    @rule(user=given.users, team=given.teams, limit=given.limits, before=maybe() | given.users, own=given.mostly)
    def list_team_members(self, user: UserId, team: TeamId, limit: int, before: UserId | None, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("list_team_members", lambda at: at.list_team_members(user, team, limit=limit, before=before))

    @rule(user=given.users, team=given.teams, member=given.users, own=given.mostly)
    def remove_team_member(self, user: UserId, team: TeamId, member: UserId, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("remove_team_member", lambda at: at.remove_team_member(user, team, member_id=member))

    # ---- invitations

    @rule(target=given.invitations, user=given.users, team=given.teams, email=given.emails, own=given.mostly)
    def invite_to_team(self, user: UserId, team: TeamId, email: str, own: bool) -> Any:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("invite_to_team", lambda at: at.invite_to_team(user, team, email=email))
        return multiple(*self.lockstep.born("invitations"))

    @rule(
        target=given.invitations,
        user=given.users,
        team=given.teams,
        limit=given.limits,
        before=maybe() | given.invitations,
        own=given.mostly,
    )
    def list_team_invitations(self, user: UserId, team: TeamId, limit: int, before: str | None, own: bool) -> Any:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        found = self.ask(
            "list_team_invitations", lambda at: at.list_team_invitations(user, team, limit=limit, before=before)
        )
        return all_of(found, lambda view: view.invitation.id)

    @rule(user=given.users, team=given.teams, id=given.invitations, own=given.mostly)
    def resend_invitation(self, user: UserId, team: TeamId, id: str, own: bool) -> None:
        user, team = self._sender(id, user, team) if own else (user, team)
        self.ask("resend_invitation", lambda at: at.resend_invitation(user, team, id))

    @rule(user=given.users, team=given.teams, id=given.invitations, own=given.mostly)
    def revoke_invitation(self, user: UserId, team: TeamId, id: str, own: bool) -> None:
        user, team = self._sender(id, user, team) if own else (user, team)
        self.ask("revoke_invitation", lambda at: at.revoke_invitation(user, team, id))

    def _sender(self, id: str, user: UserId, team: TeamId) -> tuple[UserId, TeamId]:
        """Return the owner of the team that an invitation is into, and the team."""
        into: TeamId = self.whose("invitations", id, team, owner="team_id")
        return self.whose("teams", into, user, owner="owner_id"), into

    @rule(target=given.invitations, user=given.users, limit=given.limits, before=maybe() | given.invitations)
    def list_invitations(self, user: UserId, limit: int, before: str | None) -> Any:
        found = self.ask("list_invitations", lambda at: at.list_invitations(user, limit=limit, before=before))
        return all_of(found, lambda view: view.invitation.id)

    @rule(user=given.users, id=given.invitations, own=given.mostly)
    def accept_invitation(self, user: UserId, id: str, own: bool) -> None:
        user = self._invited(id, user) if own else user
        self.ask("accept_invitation", lambda at: at.accept_invitation(user, id))

    @rule(user=given.users, id=given.invitations, own=given.mostly)
    def decline_invitation(self, user: UserId, id: str, own: bool) -> None:
        user = self._invited(id, user) if own else user
        self.ask("decline_invitation", lambda at: at.decline_invitation(user, id))

    def _invited(self, id: str, otherwise: UserId) -> Any:
        email = self.whose("invitations", id, None, owner="email_key")
        keys = columns(self.lockstep.state, "users", "id", "email_key")
        return next((user for user, key in keys if key == email), otherwise)

    # ---- interactions

    @rule(target=given.interactions, user=given.users, team=given.teams, body=given.bodies, own=given.mostly)
    def write_interaction(self, user: UserId, team: TeamId, body: str, own: bool) -> Any:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        return made(
            self.ask("write_interaction", lambda at: at.write_interaction(user, team, body=body)),
            lambda view: view.interaction.id,
        )

    @rule(user=given.users, team=given.teams, limit=given.limits, before=maybe() | given.interactions, own=given.mostly)
    def list_interactions(self, user: UserId, team: TeamId, limit: int, before: str | None, own: bool) -> None:
        user = self.whose("teams", team, user, owner="owner_id") if own else user
        self.ask("list_interactions", lambda at: at.list_interactions(user, team, limit=limit, before=before))
