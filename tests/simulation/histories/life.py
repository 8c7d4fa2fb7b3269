"""A world in which people live with their accounts, while machines fail, clocks jump and the provider is away."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final

from tests.simulation.backends import MemoryBackend
from tests.simulation.world import Core, World

from accounts_core.errors import (
    AccountDeactivated,
    AccountsError,
    CallerError,
    EmailTaken,
    Invalid,
    InvalidCredentials,
    InvalidToken,
    LimitExceeded,
    NotFound,
    ProviderBusy,
)
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.testing.simulation import Draw, Process, Scheduler, Setting, Violated
from accounts_core.use_cases.credentials import SignedIn
from accounts_core.use_cases.verify_card import Verified

from .facts import End, Fact, Group, Opened, Person

PEOPLE: Final = 3
SERVICES: Final = ("service 1", "service 2")
WORKERS: Final = ("worker 1", "worker 2")
CARDS: Final = {
    "pm_card_visa": "4242",
    "pm_card_mastercard": "4444",
    "pm_card_amex": "0005",
    "pm_card_threeDSecure2Required": "3220",
    "pm_card_chargeDeclined": "0002",
}
LONGEST_ON_THE_WAY: Final = timedelta(seconds=30)
"""How long a request that its caller has given up on may still be under way: clients wait for about as long."""
SPANS: Final = (1, 3, 20, 90, 600, 4000, 30_000, 86_400)
JUMPS: Final = (-86_400, -3600, -60, 0, 0, 60, 3600, 86_400)

Changes = Mapping[Fact, Any]


class Life(Setting):
    """What people, workers, the provider, clocks and machines do. `Ledger` adds what has to hold."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self.world = World(MemoryBackend(), scheduler)
        self.people = [Person(number) for number in range(PEOPLE)]
        self.groups: list[Group] = []
        self.machines: dict[str, tuple[Process, Core]] = {}
        self.off: dict[str, timedelta] = {}
        self.customers: set[str] = set()
        self.guesses: dict[str, list[Any]] = {}
        self.is_clock_off = False
        self.counts = {"acknowledged": 0, "refused": 0, "in doubt": 0, "settled": 0}
        for person in self.people[1:]:
            self.world.do(partial(self._settle, person=person))

    async def _settle(self, accounts: Core, person: Person) -> None:
        """Somebody has an account already when it all begins."""
        await self._register(accounts, person, "Name")
        await accounts.verify_email(person.id)
        await accounts.run_due()

    # ---- machines

    def on(self, machine: str) -> tuple[Process, Core]:
        """Return the process on this machine, started again if it is gone."""
        if machine not in self.machines or self.machines[machine][0].is_dead:
            self.machines[machine] = self.world.start(machine, self.off.get(machine, timedelta(0)))
        return self.machines[machine]

    def spawn(self, draw: Draw, act: Callable[[Core], Any], machines: tuple[str, ...] = SERVICES) -> None:
        process, accounts = self.on(draw.of(machines))
        process.spawn(draw.task, act(accounts))

    def kill(self, draw: Draw) -> None:
        machine = draw.of(SERVICES + WORKERS)
        self.scheduler.note(machine, draw.task, "is killed")
        self.on(machine)[0].kill()

    def work(self, draw: Draw) -> None:
        limit = draw.of((100, 100, 1, 3))
        self.spawn(draw, lambda accounts: accounts.run_due(limit=limit), WORKERS)

    def wait(self, draw: Draw) -> None:
        span = timedelta(seconds=draw.of(SPANS))
        if span > LONGEST_ON_THE_WAY:
            self.scheduler.land_all()
        self.scheduler.note("", draw.task, f"{span} later")
        self.scheduler.clock.advance(span)

    def jump(self, draw: Draw) -> None:
        """Somebody sets a machine's clock."""
        machine, off = draw.of(SERVICES + WORKERS), timedelta(seconds=draw.of(JUMPS))
        self.scheduler.note(machine, draw.task, f"its clock is off by {off.total_seconds():.0f} s now")
        self.is_clock_off |= bool(off)
        self.off[machine] = off
        self.on(machine)[0].clock.off = off

    # ---- how a change ends

    async def change(self, changes: Changes, call: Callable[[], Awaitable[Any]]) -> Any:
        """Ask for a change; note what is known of it afterwards. Raises what the call does."""
        for fact in changes:
            fact.begin()
        end = End.IN_DOUBT
        try:
            result = await call()
            end = End.DONE
            return result
        except (CallerError, LimitExceeded):
            end = End.REFUSED
            raise
        except AccountsError:
            if not self.scheduler.current.commits:
                end = End.REFUSED  # nothing was ever to be committed
            raise
        finally:
            self.counts[{End.DONE: "acknowledged", End.REFUSED: "refused", End.IN_DOUBT: "in doubt"}[end]] += 1
            for fact, value in changes.items():
                fact.end(value, end)

    def someone(self, draw: Draw, *, account: str = "active") -> Person | None:
        """Choose somebody whose account may be in this state."""
        known = [each for each in self.people if account in each.account.possible and each.known_id is not None]
        return draw.of(known) if known else None

    # ---- signing up and in

    def register(self, draw: Draw) -> None:
        person = draw.of(self.people)
        if person.email.possible == {0}:  # at the other address they would have two accounts
            self.spawn(draw, lambda accounts: self._register(accounts, person, f"Name {draw.below(9)}"))

    async def _register(self, accounts: Core, person: Person, name: str) -> None:
        number, is_free = person.next_password, person.account.surely("none")
        changes = {person.account: "active", person.password: number, person.name: name, person.email: 0}
        person.registering += 1
        try:
            user = await self.change(
                changes, lambda: accounts.register(email=person.emails[0], password=person.word(number), name=name)
            )
        except EmailTaken as taken:
            if is_free and person.account.surely("none"):
                raise Violated("An address that nobody has is free") from taken
            return
        finally:
            person.registering -= 1
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

    async def _sign_in(self, door: Callable[..., Awaitable[SignedIn]], person: Person) -> None:
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
            caller = await accounts.authenticate(opened.token)
        except InvalidToken:
            return
        if was_dead and is_dead():
            raise Violated("A session that ended stays ended")
        if caller.touch_due:
            await accounts.touch_session(caller.session.id)

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
            self.spawn(draw, lambda accounts: accounts.confirm_email(token=token))

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
                for notice in reversed(self.world.notifier.delivered)
                if notice.purpose == purpose and notice.to.address in person.emails
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

    # ---- cards

    def verify_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            token = draw.of(list(CARDS))
            self.spawn(draw, lambda accounts: self._verify_card(accounts, person, token))

    async def _verify_card(self, accounts: Core, person: Person, token: str) -> None:
        fact = person.card(CARDS[token])
        fact.begin()
        end = End.IN_DOUBT
        try:
            answer = await accounts.verify_card(person.id, payment_method=token)
            if isinstance(answer, Verified):
                end = End.DONE
        except (Invalid, NotFound, LimitExceeded):
            pass
        finally:
            fact.end(True, end)
            if end is End.IN_DOUBT:
                person.pending.add(CARDS[token])

    def remove_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._remove_card(accounts, person, draw))

    async def _remove_card(self, accounts: Core, person: Person, draw: Draw) -> None:
        cards = list(await accounts.list_payment_methods(person.id))
        if cards:
            card = draw.of(cards)
            last4 = card.card.last4
            await self.change({person.card(last4): False}, lambda: accounts.remove_payment_method(person.id, card.id))
            if last4 in person.pending:  # a verification of the same card may still come to its end
                person.card(last4).may_be(True)

    def choose_card(self, draw: Draw) -> None:
        if (person := self.someone(draw)) is not None:
            self.spawn(draw, lambda accounts: self._choose_card(accounts, person, draw))

    async def _choose_card(self, accounts: Core, person: Person, draw: Draw) -> None:
        cards = list(await accounts.list_payment_methods(person.id))
        if cards:
            await accounts.set_default_payment_method(person.id, draw.of(cards).id)

    # ---- the provider

    def bank(self, draw: Draw) -> None:
        """Somebody answers a challenge, one way or the other."""
        waiting = [each for each in self.world.gateway.open_holds() if each.status is HoldStatus.CHALLENGED]
        if waiting:
            hold, succeed = draw.of(waiting), draw.below(3) > 0
            self.scheduler.note("bank", draw.task, "says yes" if succeed else "says no")
            assert hold.id is not None
            self.world.gateway.authenticate(hold.id, succeed)

    def event(self, draw: Draw) -> None:
        """An event comes: a new one, or one that has come before, in whatever order."""
        self.customers |= set(self.world.gateway._provider._customers)
        if self.customers:
            customer, event = draw.of(sorted(self.customers)), f"evt_{draw.below(50)}"
            self.spawn(draw, lambda accounts: accounts.receive_provider_event(id=event, customer_id=customer))

    def outage(self, draw: Draw) -> None:
        """The provider turns the next calls down."""
        for method in ("hold", "release", "attach", "detach", "set_default", "update_customer", "retrieve_hold"):
            for _ in range(draw.below(3)):
                self.world.gateway.fail_next(method, ProviderBusy("Away."))

    def dashboard(self, draw: Draw) -> None:
        """Somebody takes a card away, chooses another default, or deletes a customer, in the provider's dashboard."""
        customers = self.world.gateway._provider._customers
        if not customers:
            return
        customer = draw.of(sorted(customers))
        provider = self.world.gateway._provider
        cards = provider.cards_of(customer)
        what = draw.of(("detach", "default", "delete", "default"))
        self.scheduler.note("dashboard", draw.task, f"{what} of {customer}")
        self.customers.add(customer)
        for person in self.people:
            person.is_adrift = True
        if what == "delete":
            provider.delete_customer(customer)
        elif cards and what == "detach":
            provider.detach(draw.of(cards).id)
        elif cards:
            provider.set_default(customer, draw.of(cards).id)

    def reconcile(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: accounts.reconcile_cards(), WORKERS)

    def tidy(self, draw: Draw) -> None:
        self.spawn(draw, lambda accounts: accounts.tidy(), WORKERS)

    weights: ClassVar[Mapping[str, int]] = {
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
        "verify_card": 10,
        "remove_card": 3,
        "choose_card": 3,
        "bank": 4,
        "event": 4,
        "outage": 1,
        "dashboard": 1,
        "reconcile": 1,
        "tidy": 1,
        "work": 10,
        "kill": 2,
        "wait": 6,
        "jump": 1,
    }
