"""What follows from what people do: entries of the trail, mails, sessions and links that end."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_FOLLOWS: Final = "use_cases/test_what_follows.py::test_what_follows"
_USE_CASES: Final = "accounts_core/use_cases"

OUTCOMES: Final = (
    Mutant(
        name="a reset that verifies whatever address waits",
        file=f"{_USE_CASES}/recovery.py",
        old="        if waiting is not None and user.pending_email is None and token.email.is_same_mailbox(waiting):\n",
        new="        if waiting is not None:\n",
        check=core(f"{_FOLLOWS}[reset the password while another address waits]"),
    ),
    Mutant(
        name="nobody is told at the old address when the change is immediate",
        file=f"{_USE_CASES}/update_profile.py",
        old="                        tell=user.email if may_tell else None,\n                        before",
        new="                        tell=changed.proven_email,\n                        before",
        check=core(f"{_FOLLOWS}[change a verified address at once]"),
    ),
    Mutant(
        name="a restored account that nobody is told of",
        file=f"{_USE_CASES}/restore.py",
        old="work.record(UserRestored(user_id=user.id, at=now, tell=user.proven_email))",
        new="work.record(UserRestored(user_id=user.id, at=now))",
        check=core(f"{_FOLLOWS}[restore]"),
    ),
    Mutant(
        name="a deactivation by an operator that is put down to the user",
        file=f"{_USE_CASES}/deactivate.py",
        old="UserDeactivated(user_id=user_id, at=now, by=by, tell",
        new="UserDeactivated(user_id=user_id, at=now, tell",
        check=core(f"{_FOLLOWS}[deactivate, by an operator]"),
    ),
    Mutant(
        name="an operator's restoring that is put down to the user",
        file=f"{_USE_CASES}/deactivate.py",
        old="UserRestored(user_id=user_id, at=now, by=Actor.OPERATOR, tell",
        new="UserRestored(user_id=user_id, at=now, tell",
        check=core(f"{_FOLLOWS}[restore, by an operator]"),
    ),
    Mutant(
        name="a changed password that nobody is told of",
        file=f"{_USE_CASES}/update_profile.py",
        old="events.append(PasswordChanged(user_id=user.id, at=now, tell=user.proven_email))",
        new="events.append(PasswordChanged(user_id=user.id, at=now))",
        check=core(f"{_FOLLOWS}[change the password]"),
    ),
    Mutant(
        name="a reset that is in the trail as a change",
        file=f"{_USE_CASES}/recovery.py",
        old="tell=changed.proven_email, is_reset=True",
        new="tell=changed.proven_email",
        check=core(f"{_FOLLOWS}[reset the password]"),
    ),
    Mutant(
        name="an account that is opened by a sign-up, and in no trail",
        file=f"{_USE_CASES}/mailing.py",
        old="                work.record(UserRegistered(user_id=user.id, at=now, email=user.email))\n",
        new="",
        check=core(f"{_FOLLOWS}[sign up where registration is private]"),
    ),
    Mutant(
        name="sessions that are ended, and in no trail",
        file=f"{_USE_CASES}/sessions.py",
        old="work.record(SessionsEnded(user_id=session.user_id, at=self._clock.now(), count=count))",
        new="pass",
        check=core(f"{_FOLLOWS}[end all other sessions]"),
    ),
    Mutant(
        name="a sign-in whose client is in no trail",
        file=f"{_USE_CASES}/sign_in.py",
        old="user_agent=user_agent, client=client)",
        new="user_agent=user_agent)",
        check=core(f"{_FOLLOWS}[sign in from the known device]"),
    ),
    Mutant(
        name="a restoring sign-in whose client is in no trail",
        file=f"{_USE_CASES}/restore.py",
        old="user_agent=user_agent, client=client)",
        new="user_agent=user_agent)",
        check=core(f"{_FOLLOWS}[restore]"),
    ),
    Mutant(
        name="a device that is new every time",
        file=f"{_USE_CASES}/credentials.py",
        old="new_device=is_new and await work.devices.count_of(user.id) > 1",
        new="new_device=await work.devices.count_of(user.id) > 1",
        check=core(f"{_FOLLOWS}[sign in again from another device]"),
    ),
    Mutant(
        name="a first device that is told of as a new one",
        file=f"{_USE_CASES}/credentials.py",
        old="new_device=is_new and await work.devices.count_of(user.id) > 1",
        new="new_device=is_new",
        check=core(f"{_FOLLOWS}[sign in for the first time]"),
    ),
    Mutant(
        name="a default that changes with a removed card, and in no trail",
        file=f"{_USE_CASES}/payment_methods.py",
        old="                    work.record(DefaultCardChanged(user_id=user_id, at=now, payment_method=promoted))\n",
        new="",
        check=core(f"{_FOLLOWS}[remove the default card]"),
    ),
    Mutant(
        name="links that outlive a change of the address",
        file=f"{_USE_CASES}/update_profile.py",
        old="                await work.mail_tokens.remove_of(user.id)\n                await self._effects",
        new="                await self._effects",
        check=core(f"{_FOLLOWS}[change a verified address]"),
    ),
    Mutant(
        name="links that outlive a verification",
        file=f"{_USE_CASES}/verify_email.py",
        old="        await work.mail_tokens.remove_of(before.id)\n",
        new="",
        check=core(f"{_FOLLOWS}[confirm another address]"),
    ),
    Mutant(
        name="an address that is not verified, swapped where registration is private",
        file=f"{_USE_CASES}/update_profile.py",
        old="            return user.change_email(email, at=self._clock.now(), always_wait=True)\n",
        new="            return user.change_email(email, at=self._clock.now())\n",
        check=core(f"{_FOLLOWS}[reset the password while another address waits]"),
    ),
    Mutant(
        name="a stranger who is told the new address of whoever typed theirs",
        file="accounts_core/model/notices.py",
        old="if event.was_verified else {}",
        new="if True else {}",
        check=core(f"{_FOLLOWS}[change an address that is not verified]"),
    ),
)
