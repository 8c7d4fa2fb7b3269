"""Rules about accounts, passwords, addresses and sessions."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, rule
from tests.simulation.lockstep import arguments as given
from tests.simulation.lockstep.base import LockstepBase, all_of, made
from tests.simulation.lockstep.reference import footprint

from accounts_core.model.events import Actor
from accounts_core.model.ids import UserId
from accounts_core.model.mail_kind import MailKind
from accounts_core.model.profile import NewProfile, ProfileChanges

maybe = st.none


AT_THE_PROVIDER: Final = frozenset({"subscriptions", "balances", "other_payment_methods"})
"""What a preview counts at the provider, of which the state knows nothing."""


def _in_the_store(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name not in AT_THE_PROVIDER}


class AccountRules(LockstepBase):
    # ---- the way in

    @rule(
        target=given.users,
        email=given.emails,
        password=given.any_password,
        fields=given.new_profiles,
        profile=given.profile_data,
        client=given.clients,
    )
    def register(self, email: str, password: str, fields: NewProfile, profile: Any, client: str | None) -> Any:
        outcome = self.ask(
            "register",
            lambda at: at.register(email=email, password=password, client=client, profile=profile, **fields),
        )
        return made(outcome, lambda user: user.id)

    @rule(
        email=given.emails,
        password=given.any_password,
        fields=given.new_profiles,
        profile=given.profile_data,
        client=given.clients,
    )
    def request_account(self, email: str, password: str, fields: NewProfile, profile: Any, client: str | None) -> None:
        self.ask(
            "request_account",
            lambda at: at.request_account(email=email, password=password, client=client, profile=profile, **fields),
        )

    @rule(
        target=given.signed_in,
        who=given.somebody,
        password=given.passwords,
        agent=given.agents,
        client=given.clients,
    )
    def sign_in(self, who: int | str, password: str, agent: str | None, client: str | None) -> Any:
        email = self.address_of(who)
        return made(
            self.ask("sign_in", lambda at: at.sign_in(email=email, password=password, user_agent=agent, client=client))
        )

    @rule(target=given.signed_in, who=given.somebody, password=given.passwords, agent=given.agents)
    def restore(self, who: int | str, password: str, agent: str | None) -> Any:
        email = self.address_of(who)
        return made(self.ask("restore", lambda at: at.restore(email=email, password=password, user_agent=agent)))

    @rule(entered=given.signed_in)
    def sign_out(self, entered: Any) -> None:
        self.ask("sign_out", lambda at: at.sign_out(entered.session))

    # ---- sessions

    @rule(entered=given.signed_in, spelling=st.sampled_from(["as it is"] * 4 + ["swapped", "cut", "mailed", "odd"]))
    def authenticate(self, entered: Any, spelling: str) -> None:
        token = _spelled(entered.token, spelling)
        self.ask("authenticate", lambda at: at.authenticate(token))

    @rule(entered=given.signed_in)
    def authenticate_with_payment_methods(self, entered: Any) -> None:
        self.ask("authenticate_with_payment_methods", lambda at: at.authenticate_with_payment_methods(entered.token))

    @rule(entered=given.signed_in)
    def touch_session(self, entered: Any) -> None:
        self.ask("touch_session", lambda at: at.touch_session(entered.session.id))

    @rule(user=given.users)
    def list_sessions(self, user: UserId) -> None:
        self.ask("list_sessions", lambda at: at.list_sessions(user))

    @rule(
        mine=given.signed_in,
        ended=st.one_of(st.sampled_from([None, "nobody", "nul\0"]), given.signed_in),
        password=maybe() | given.passwords,
    )
    def end_sessions(self, mine: Any, ended: Any, password: str | None) -> None:
        other = ended if ended is None or isinstance(ended, str) else ended.session.id
        self.ask("end_sessions", lambda at: at.end_sessions(mine.session, other, current_password=password))

    @rule(user=given.users)
    def end_all_sessions(self, user: UserId) -> None:
        self.ask("end_all_sessions", lambda at: at.end_all_sessions(user))

    # ---- what came by mail

    @rule(target=given.mailed, user=given.users, what=st.sampled_from(["a reset", "a verification", "another address"]))
    def a_mail_arrives(self, user: UserId, what: str) -> Any:
        """Ask for a mail, and read it as soon as it is there."""
        match what:
            case "a reset":
                self.ask("forgot_password", lambda at: at.forgot_password(email=self.address_of(user)))
            case "a verification":
                self.ask("resend_verification", lambda at: at.resend_verification(user))
            case _:
                now = self.lockstep.first.clock.now()
                self.ask(
                    "update_profile", lambda at: at.update_profile(user, email="new@example.org", signed_in_at=now)
                )
        return self.tokens_out_of_mail(100)

    def newest_token(self, purpose: MailKind, otherwise: str) -> str:
        """Return what the last mail of this kind held."""
        delivered = self.lockstep.first.mailer.delivered
        return next((each.values["token"] for each in reversed(delivered) if each.kind is purpose), otherwise)

    def tokens_out_of_mail(self, limit: int) -> MultipleResults[str]:
        self.ask("run_due", lambda at: at.run_due(limit=limit))
        return multiple(*(notice.values["token"] for notice in self.lockstep.news if "token" in notice.values))

    @rule(target=given.mailed, limit=st.sampled_from([100, 100, 3, 1, 0]))
    def run_due(self, limit: int) -> Any:
        return self.tokens_out_of_mail(limit)

    @rule(who=given.somebody, client=given.clients)
    def forgot_password(self, who: int | str, client: str | None) -> None:
        email = self.address_of(who)
        self.ask("forgot_password", lambda at: at.forgot_password(email=email, client=client))

    @rule(token=given.mailed, password=given.any_password, newest=given.mostly)
    def reset_password(self, token: str, password: str, newest: bool) -> None:
        token = self.newest_token(MailKind.RESET_PASSWORD, token) if newest else token
        self.ask("reset_password", lambda at: at.reset_password(token=token, password=password))

    @rule(
        token=given.mailed,
        password=maybe() | given.passwords,
        user=maybe() | given.users,
        client=given.clients,
        newest=given.mostly,
    )
    def verify_email(
        self, token: str, password: str | None, user: UserId | None, client: str | None, newest: bool
    ) -> None:
        token = self.newest_token(MailKind.VERIFY_EMAIL, token) if newest else token
        self.ask(
            "verify_email", lambda at: at.verify_email(token=token, password=password, user_id=user, client=client)
        )

    @rule(user=given.users)
    def mark_email_verified(self, user: UserId) -> None:
        self.ask("mark_email_verified", lambda at: at.mark_email_verified(user))

    @rule(user=given.users, client=given.clients)
    def resend_verification(self, user: UserId, client: str | None) -> None:
        self.ask("resend_verification", lambda at: at.resend_verification(user, client=client))

    # ---- the profile

    @rule(user=given.users)
    def profile(self, user: UserId) -> None:
        self.ask("profile", lambda at: at.profile(user))

    @rule(target=given.users, email=given.emails)
    def find_user(self, email: str) -> Any:
        return made(self.ask("find_user", lambda at: at.find_user(email)), lambda user: user.id)

    @rule(
        user=given.users,
        fields=given.profile_changes,
        profile=given.profile_data,
        email=maybe() | given.emails,
        new_password=st.one_of(maybe(), maybe(), given.any_password),
        current_password=st.one_of(maybe(), given.passwords),
        minutes=st.sampled_from([None, 1, 1, 60]),
        keep=maybe() | given.signed_in,
    )
    def update_profile(
        self,
        user: UserId,
        fields: ProfileChanges,
        profile: Any,
        email: str | None,
        new_password: str | None,
        current_password: str | None,
        minutes: int | None,
        keep: Any,
    ) -> None:
        now = self.lockstep.first.clock.now()
        self.ask(
            "update_profile",
            lambda at: at.update_profile(
                user,
                email=email,
                new_password=new_password,
                current_password=current_password,
                signed_in_at=None if minutes is None else now - timedelta(minutes=minutes),
                keep_session=None if keep is None else keep.session.id,
                profile=profile,
                **fields,
            ),
        )

    # ---- the way out

    @rule(user=given.users, by=st.sampled_from(Actor))
    def deactivate(self, user: UserId, by: Actor) -> None:
        self.ask("deactivate", lambda at: at.deactivate(user, by=by))

    @rule(user=given.users)
    def reinstate(self, user: UserId) -> None:
        self.ask("reinstate", lambda at: at.reinstate(user))

    @rule(user=given.users)
    def unlock_user(self, user: UserId) -> None:
        self.ask("unlock_user", lambda at: at.unlock_user(user))

    @rule(user=given.users)
    def preview_deletion(self, user: UserId) -> None:
        outcome = self.ask("preview_deletion", lambda at: at.preview_deletion(user))
        if outcome.error is None:
            told = _in_the_store(outcome.value.destroyed), _in_the_store(outcome.value.disassociated)
            expected = footprint(self.lockstep.state, user)
            assert expected == told, f"the preview says {told}, there is {expected}"

    @rule(user=given.users, password=given.passwords)
    def delete_user(self, user: UserId, password: str) -> None:
        self.ask("delete_user", lambda at: at.delete_user(user, password=password))

    @rule(user=given.users)
    def erase_user(self, user: UserId) -> None:
        self.ask("erase_user", lambda at: at.erase_user(user))

    @rule(user=given.users)
    def export_personal_data(self, user: UserId) -> None:
        self.ask("export_personal_data", lambda at: at.export_personal_data(user))

    @rule(user=maybe() | given.users, limit=given.limits, before=st.sampled_from([None, 0, 3, 10, 2**63]))
    def list_activity(self, user: UserId | None, limit: int, before: int | None) -> None:
        self.ask("list_activity", lambda at: at.list_activity(user, limit=limit, before=before))

    # ---- notifications

    @rule(
        target=given.notifications,
        user=given.users,
        limit=given.limits,
        before=maybe() | given.notifications,
    )
    def list_notifications(self, user: UserId, limit: int, before: str | None) -> Any:
        found = self.ask("list_notifications", lambda at: at.list_notifications(user, limit=limit, before=before))
        return all_of(found, lambda notification: notification.id)

    @rule(user=given.users, id=given.notifications, own=given.mostly)
    def mark_notification_read(self, user: UserId, id: str, own: bool) -> None:
        user = self.whose("notifications", id, user) if own else user
        self.ask("mark_notification_read", lambda at: at.mark_notification_read(user, id))

    @rule(user=given.users, id=given.notifications, own=given.mostly)
    def delete_notification(self, user: UserId, id: str, own: bool) -> None:
        user = self.whose("notifications", id, user) if own else user
        self.ask("delete_notification", lambda at: at.delete_notification(user, id))

    @rule(user=given.users)
    def mark_all_notifications_read(self, user: UserId) -> None:
        self.ask("mark_all_notifications_read", lambda at: at.mark_all_notifications_read(user))


def _spelled(token: str, spelling: str) -> str:
    return {
        "as it is": token,
        "swapped": token[:-1] + ("a" if token[-1] != "a" else "b"),
        "cut": token[:-1],
        "mailed": token.replace("acc_", "acm_"),
        "odd": "acc_\0\ud800",
    }[spelling]
