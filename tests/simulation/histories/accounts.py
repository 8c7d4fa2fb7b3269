"""What people do with their accounts: sign up and in, change them, close them."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from tests.simulation.environment import Core

from accounts_core.errors import AccountDeactivated, EmailTaken, InvalidCredentials, InvalidToken
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.simulation import Draw, Scheduler, Violated

from .facts import End, Fact, Opened, Person
from .history import Changes, History


class AccountHistory(History):
    """Adds what people do with their accounts."""

    weights: ClassVar[Mapping[str, int]] = {
        **History.weights,
        "register": 6,
        "sign_in": 5,
        "guess": 2,
        "use_token": 5,
        "sign_out": 1,
        "restore": 2,
        "rename": 3,
        "change_password": 2,
        "move": 2,
        "confirm": 3,
        "forget": 2,
        "reset": 2,
        "deactivate": 1,
        "delete": 1,
    }

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        for person in self.people[1:]:
            self.env.do(partial(self._settle, person=person))

    async def _settle(self, accounts: Core, person: Person) -> None:
        """Somebody has an account already when it all begins."""
        await self._register(accounts, person, "Name")
        await accounts.mark_email_verified(person.id)
        await accounts.run_due()

    # ---- signing up and in

    def register(self, draw: Draw) -> None:
        person = draw.of(self.people)
        if person.email.possible == {0}:  # at the other address they would have two accounts
            person.registering += 1
            self.spawn(draw, lambda accounts: self._register(accounts, person, f"Name {draw.below(9)}"))

    async def _register(self, accounts: Core, person: Person, name: str) -> None:
        number, is_free = person.next_password, person.account.surely("none")
        changes = {person.account: "active", person.password: number, person.name: name, person.email: 0}
        try:
            user = await self.change(
                changes, lambda: accounts.register(email=person.emails[0], password=person.word(number), name=name)
            )
        except EmailTaken as taken:
            if is_free and person.account.surely("none"):
                raise Violated("An address that nobody has is free") from taken
            return
        finally:
            person.registering = max(person.registering - 1, 0)
        person.known_id = user.id

    def sign_in(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._sign_in(accounts.sign_in, person))

    def restore(self, draw: Draw) -> None:
        if (person := self.someone(draw, account="deactivated")) is not None:
            self.spawn(draw, lambda accounts: self._restore(accounts, person))

    async def _restore(self, accounts: Core, person: Person) -> None:
        person.account.begin()
        end = End.IN_DOUBT
        try:
            await self._sign_in(accounts.restore, person)
            end = End.DONE if "deactivated" in person.account.possible else End.IN_DOUBT
        except InvalidCredentials:
            end = End.REFUSED
        finally:
            person.account.end("active", end)

    async def _sign_in(self, door: Callable[..., Awaitable[SignInResult]], person: Person) -> None:
        opened, closed, is_sure = list[Opened](), person.closed, self._is_sure_of(person)
        try:
            email, password = person.address, person.word(person.password.value)
            signed_in = await self.change({}, lambda: door(email=email, password=password))
            opened.append(Opened(signed_in.token, signed_in.session))
        except InvalidCredentials as refused:
            if is_sure and self._is_sure_of(person) and person.closed == closed:
                raise Violated("The right password opens the door") from refused
            raise
        except AccountDeactivated as refused:
            if is_sure and self._is_sure_of(person) and person.closed == closed:
                raise Violated("An active account is not said to be deactivated") from refused
            raise
        for each in opened:
            if not person.account.surely("active") or person.closing or person.closed != closed:
                each.is_there.may_be(False)  # it may have been ended already by what goes on beside it
            person.sessions.append(each)

    def _is_sure_of(self, person: Person) -> bool:
        """Whether the account is active under an address and a password that nobody is changing."""
        return person.account.surely("active") and person.password.is_sure and person.email.is_sure

    def guess(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: self._guess(accounts, draw.of(self.people)))

    async def _guess(self, accounts: Core, person: Person) -> None:
        try:
            await accounts.sign_in(email=person.emails[0], password="no password of anybody")
        except InvalidCredentials:
            self.guesses.setdefault(person.emails[0], []).append(self.scheduler.clock.now())
            return
        raise Violated("A wrong password opens no door")

    def use_token(self, draw: Draw) -> None:
        person = draw.of(self.people)
        if person.sessions:
            opened = draw.of(person.sessions)
            self.spawn(draw, lambda accounts: self._use_token(accounts, person, opened))

    async def _use_token(self, accounts: Core, person: Person, opened: Opened) -> None:
        def is_dead() -> bool:
            return opened.is_there.surely(False) or person.account.surely("none")

        was_dead = is_dead()
        try:
            await accounts.authenticate(opened.token)
        except InvalidToken:
            return
        if was_dead and is_dead():
            raise Violated("A session that ended stays ended")

    def sign_out(self, draw: Draw) -> None:
        person = draw.of(self.people)
        if person.sessions:
            opened = draw.of(person.sessions)
            out = {opened.is_there: False}
            self.spawn(draw, lambda accounts: self.change(out, lambda: accounts.sign_out(opened.session)))

    # ---- the account

    async def close(
        self, person: Person, changes: Changes, call: Callable[[], Awaitable[Any]], *, but: Opened | None = None
    ) -> None:
        """Ask for a change that ends every session but one; one that is opened meanwhile may be ended, too."""
        ended = {each.is_there: False for each in person.sessions if each is not but}
        person.closing += 1
        try:
            await self.change({**changes, **ended}, call)
        finally:
            person.closing -= 1
            person.closed += 1

    def rename(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            name = f"Name {draw.below(9)}"
            self.spawn(
                draw,
                lambda accounts: self.change(
                    {person.name: name}, lambda: accounts.update_profile(person.id, name=name)
                ),
            )

    def change_password(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._change_password(accounts, person, draw))

    async def _change_password(self, accounts: Core, person: Person, draw: Draw) -> None:
        number, kept = person.next_password, draw.of(person.sessions) if person.sessions else None
        current = person.word(person.password.value)
        await self.close(
            person,
            {person.password: number},
            lambda: accounts.update_profile(
                person.id,
                new_password=person.word(number),
                current_password=current,
                keep_session=None if kept is None else kept.session.id,
            ),
            but=kept,
        )

    def move(self, draw: Draw) -> None:
        """Ask for the other address."""
        if (person := self.someone(draw)) is not None and not person.registering:
            person.email.may_be(0, 1)  # at once, or once it is verified
            self.spawn(draw, lambda accounts: self._move(accounts, person))

    async def _move(self, accounts: Core, person: Person) -> None:
        other = 1 - person.email.value
        current = person.word(person.password.value)
        await accounts.update_profile(person.id, email=person.emails[other], current_password=current)

    def confirm(self, draw: Draw) -> None:
        person = self.someone(draw)
        if person is not None and not person.registering and (token := self.mailed("verify_email", person)):
            person.email.may_be(0, 1)
            self.spawn(draw, lambda accounts: accounts.verify_email(token=token, user_id=person.id))

    def forget(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: accounts.forgot_password(email=person.address))

    def reset(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None and (token := self.mailed("reset_password", person)):
            number = person.next_password
            changes = {person.password: number}
            self.spawn(
                draw,
                lambda accounts: self.close(
                    person, changes, lambda: accounts.reset_password(token=token, password=person.word(number))
                ),
            )

    def mailed(self, purpose: str, person: Person) -> str | None:
        return next(
            (
                notice.values["token"]
                for notice in reversed(self.env.mailer.delivered)
                if notice.kind == purpose and notice.to.address in person.emails
            ),
            None,
        )

    def deactivate(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            changes = {person.account: "deactivated"}
            self.spawn(draw, lambda accounts: self.close(person, changes, lambda: accounts.deactivate(person.id)))

    def delete(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._delete(accounts, person))

    async def _delete(self, accounts: Core, person: Person) -> None:
        gone: dict[Fact, Any] = {person.account: "none"}
        gone |= dict.fromkeys(person.cards.values(), False)
        for group in self.groups:
            if group.owner.surely(person.number):
                gone[group.is_there] = False
            elif person.number in group.owner.possible:
                group.is_there.may_be(False)
            gone[group.member(person.number)] = False
        password = person.word(person.password.value)
        await self.close(person, gone, lambda: accounts.delete_user(person.id, password=password))
