"""Users of a service who record what was acknowledged, and compare it with what is there."""

from collections import Counter
from enum import Enum, auto
from itertools import count
from random import Random
from typing import Any, Final

import attrs
from tests.chaos.journal import Environment
from tests.chaos.writes import Look, Write, be_refused, perform, retried_while_locked
from tests.integration.processes.programs import CARDS_URL, VERIFY_URL

USER: Final = "/api/v1/user"
ACCOUNT: Final = "/api/users/current"
TEAMS: Final = "/api/v1/accounts"
LOGIN: Final = "/api/auth/login"
TOKENS: Final = ("tok_visa", "tok_mastercard", "tok_amex")
NEVER: Final = "Never"
"""Stands in everything that is asked for and must be refused."""

_numbers: Final = count(1)


class Status(Enum):
    ACTIVE = auto()
    DEACTIVATED = auto()
    GONE = auto()


@attrs.define(eq=False)
class SimulatedUser:
    """A user, with what the service acknowledged."""

    env: Environment
    chance: Random
    number: int = attrs.field(factory=lambda: next(_numbers))
    email: str = ""
    password: str = ""
    name: str = "Jane Doe"
    token: str = ""
    id: str = ""
    """As it stands in the metadata of the provider's customer."""
    status: Status = Status.ACTIVE
    teams: dict[int, str] = attrs.field(factory=dict)
    written: dict[int, list[str]] = attrs.field(factory=dict)
    cards: dict[str, str] = attrs.field(factory=dict)
    """Fingerprints by payment method, in the order in which they were verified."""
    default: str | None = None
    dead_tokens: list[str] = attrs.field(factory=list)
    said: int = 0

    def new(self, what: str) -> str:
        """Return a text that nobody else has said, nor this one before."""
        self.said += 1
        return f"{what} {self.number}.{self.said}"

    # ---- writes

    async def sign_up(self) -> None:
        self.email = f"person{self.number}@example.org"
        self.password = f"a passphrase of number {self.number}"
        profile = {"email": self.email, "password": self.password, "name": self.name}
        write = Write(
            name="register",
            method="POST",
            path="/api/auth/register",
            body=profile,
            done=201,
            was_done=lambda: self.can_sign_in(self.password),
            done_before=409,
            keyed=False,
        )
        await perform(self.env, write)
        await self.sign_in()

    async def sign_in(self, path: str = LOGIN) -> None:
        """The last answer is the one that counts; a session that nobody heard of opens nothing."""
        body = {"email": self.email, "password": self.password}
        name = path.rpartition("/")[2]
        answer = await perform(self.env, Write(name=name, method="POST", path=path, body=body, done=200, keyed=False))
        self.token = answer.json()["access_token"]
        self.status = Status.ACTIVE
        self.id = (await retried_while_locked(lambda: self.read(ACCOUNT)))["_id"]

    async def restore(self) -> None:
        await self.sign_in("/api/auth/restore")

    async def sign_out(self) -> None:
        write = Write(
            name="logout",
            method="POST",
            path="/api/auth/logout",
            token=self.token,
            done=204,
            done_before=401,
            was_done=self._is_refused,
            keyed=False,
        )
        await perform(self.env, write)
        self.dead_tokens.append(self.token)
        await self.sign_in()

    async def rename(self) -> None:
        name = self.new("Jane")
        await self._change("rename", {"name": name}, self._shows("name", name))
        self.name = name

    async def move(self) -> None:
        email = self.new("moved").replace(" ", "").lower() + "@example.org"
        await self._change("change of address", {"email": email}, self._shows("email", email))
        self.email = email

    async def change_password(self) -> None:
        password = self.new("another passphrase of number")
        body = {"oldPassword": self.password, "newPassword": password}
        await self._change("change of password", body, lambda: self.can_sign_in(password))
        self.password = password

    async def found_team(self) -> None:
        name = self.new("Team")

        async def is_there() -> bool:
            return name in (await self.read_teams()).values()

        answer = await perform(self.env, self._write("team", "POST", TEAMS, 201, {"name": name}, is_there))
        self.teams[answer.json()["data"]["id"]] = name

    async def write_interaction(self) -> None:
        if not self.teams:
            return await self.found_team()
        team, body = self.chance.choice([*self.teams]), self.new("Hello")

        async def is_there() -> bool:
            return body in await self.read_interactions(team)

        path = f"{TEAMS}/{team}/interactions"
        await perform(self.env, self._write("interaction", "POST", path, 201, {"body": body}, is_there))
        self.written.setdefault(team, []).append(body)
        return None

    async def dissolve_team(self) -> None:
        if not self.teams:
            return
        team = self.chance.choice([*self.teams])

        async def is_gone() -> bool:
            return team not in await self.read_teams()

        await perform(self.env, self._write("team's end", "DELETE", f"{TEAMS}/{team}", 204, None, is_gone))
        del self.teams[team]
        self.written.pop(team, None)

    async def verify_card(self) -> None:
        if self.env.stripe is None:
            return
        card = self.env.stripe.new_card(self.chance.choice(TOKENS))
        this, fingerprint = card["id"], card["card"]["fingerprint"]
        await perform(self.env, self._write("card", "POST", VERIFY_URL, 200, {"paymentMethod": this}, None))
        replaced = [known for known, other in self.cards.items() if other == fingerprint]
        if not self.cards or self.default in replaced:
            self.default = this
        for known in replaced:
            del self.cards[known]
        self.cards[this] = fingerprint

    async def remove_card(self) -> None:
        if not self.cards:
            return
        this = self.chance.choice([*self.cards])

        async def is_gone() -> bool:
            return this not in await self.read_cards()

        path = f"{ACCOUNT}/payment-method/{this}"
        await perform(self.env, self._write("card's end", "DELETE", path, 204, None, is_gone))
        del self.cards[this]
        if self.default == this:
            self.default = next(reversed(self.cards), None)

    async def choose_card(self) -> None:
        if not self.cards:
            return
        this = self.chance.choice([*self.cards])
        path = f"{ACCOUNT}/payment-method/{this}/default"
        await perform(self.env, self._write("default", "PUT", path, 204, None, None))
        self.default = this

    async def deactivate(self) -> None:
        async def is_deactivated() -> bool:
            return await self._sign_in_status() == 403

        write = self._write("deactivation", "PUT", f"{ACCOUNT}/deactivate", 200, None, is_deactivated, before=401)
        await perform(self.env, write)
        self.dead_tokens.append(self.token)
        self.status = Status.DEACTIVATED

    async def delete(self) -> None:
        async def is_gone() -> bool:
            return not await self.can_sign_in(self.password)

        body = {"password": self.password}
        await perform(self.env, self._write("deletion", "DELETE", USER, 204, body, is_gone, before=401))
        self.dead_tokens.append(self.token)
        self.status = Status.GONE

    async def ask_for_too_much(self) -> None:
        """Ask for one of the things that are refused. Each carries `NEVER`, which nobody may find afterwards."""
        wrong = {"name": NEVER, "oldPassword": "not the passphrase", "newPassword": "a third passphrase"}
        taken = {"email": self.email, "password": "not the passphrase", "name": NEVER}
        team = 1 + self.chance.randrange(10**6) + 10**9
        refused: list[tuple[Write, int]] = [
            (self._write("wrong password", "PUT", ACCOUNT, 200, wrong, None), 422),
            (self._write("taken address", "POST", "/api/auth/register", 201, taken, None), 409),
            (self._write("another's team", "POST", f"{TEAMS}/{team}/interactions", 201, {"body": NEVER}, None), 404),
            (self._write("unproven deletion", "DELETE", USER, 204, {"password": "wrong"}, None), 422),
        ]
        if self.env.stripe is not None:
            declined = self.env.stripe.new_card("tok_chargeDeclined")["id"]
            refused.append((self._write("declined", "POST", VERIFY_URL, 200, {"paymentMethod": declined}, None), 402))
        write, status = self.chance.choice(refused)
        await be_refused(self.env, write, status)

    def _write(
        self,
        name: str,
        method: str,
        path: str,
        done: int,
        body: dict[str, Any] | None,
        look: Look | None,
        before: int | None = None,
    ) -> Write:
        return Write(
            name=name,
            method=method,
            path=path,
            done=done,
            body=body,
            was_done=look,
            token=self.token,
            done_before=before,
        )

    async def _change(self, name: str, body: dict[str, Any], look: Look) -> None:
        await perform(self.env, self._write(name, "PUT", ACCOUNT, 200, body, look))

    # ---- reads

    async def read(self, path: str) -> Any:
        """Read under the token. A person who is there is never told otherwise."""
        answer = await self.env.ask("GET", path, token=self.token)
        if answer.status_code != 200:
            self.env.journal.violation(f"person {self.number}: GET {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def read_teams(self) -> dict[int, str]:
        return {team["id"]: team["name"] for team in (await self.read(f"{TEAMS}?limit=200"))["data"]}

    async def read_interactions(self, team: int) -> list[str]:
        return [each["body"] for each in (await self.read(f"{TEAMS}/{team}/interactions?limit=200"))["data"]]

    async def read_cards(self) -> dict[str, str]:
        return {card["id"]: card["card"]["fingerprint"] for card in (await self.read(CARDS_URL))["data"]}

    async def can_sign_in(self, password: str) -> bool:
        return await self._sign_in_status(password) == 200

    async def _sign_in_status(self, password: str | None = None) -> int:
        body = {"email": self.email, "password": password or self.password}
        return (await self.env.ask("POST", LOGIN, body=body)).status_code

    async def _is_refused(self) -> bool:
        return (await self.env.ask("GET", USER, token=self.token)).status_code == 401

    def _shows(self, field: str, value: str) -> Look:
        async def look() -> bool:
            found: bool = (await self.read(ACCOUNT))[field] == value
            return found

        return look

    async def check(self) -> None:
        """Compare all that this person was told with all that is there."""
        await retried_while_locked(self._check)
        self.env.journal.checks += 1

    async def _check(self) -> None:
        expected = {Status.ACTIVE: 200, Status.DEACTIVATED: 403, Status.GONE: 401}[self.status]
        self._compare("sign-in", expected, await self._sign_in_status())
        for token in self.dead_tokens[-2:]:
            answer = await self.env.ask("GET", USER, token=token)
            self._compare("a token that was ended", 401, answer.status_code)
        if self.status is not Status.ACTIVE:
            return
        user = (await self.read(USER))["data"]
        self._compare("address and name", (self.email, self.name), (user["email"], user["name"]))
        self._compare("teams", self.teams, await self.read_teams())
        for team in self.teams:
            self._compare(
                "interactions", Counter(self.written.get(team, ())), Counter(await self.read_interactions(team))
            )
        self._compare("cards", self.cards, await self.read_cards())

    def _compare(self, what: str, told: object, found: object) -> None:
        if told != found:
            self.env.journal.violation(f"person {self.number}, {what}: told {told}, found {found}")
