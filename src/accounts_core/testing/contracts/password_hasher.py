import pytest

from accounts_core.model.passwords import MAX_BYTES, Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.testing.contracts.base import Contract

PASSWORDS = {
    "fifteen characters": "fifteen letters",
    "longest": "p" * MAX_BYTES,
    "longest, four bytes a character": "\U0001f511" * (MAX_BYTES // 4),
    "more than bcrypt would take": "a" * 72 + "the rest counts",
    "white space around and inside": "  spaces and\ttabs  ",
    "what a format string would take": "%s {0} $argon2id$ \\x00",
    "empty characters": "zero\u200bwidth\u200djoiners",
}

REQUESTERS = {
    "nobody who is known": None,
    "an account": Requester(account="jane@example.org"),
    "an account and a client": Requester(account="jane@example.org", client="192.0.2.1"),
    "a very long account": Requester(account="j" * 100_000, client="2001:db8::/64"),
}


class PasswordHasherContract(Contract):
    """`PasswordHasher`. An adapter provides `hasher`, and `other_hasher`: the same algorithm with other parameters."""

    @pytest.mark.parametrize("text", PASSWORDS.values(), ids=PASSWORDS)
    async def test_a_hash_is_right_for_its_password_and_says_nothing_of_it(
        self, hasher: PasswordHasher, text: str
    ) -> None:
        hashed = await hasher.hash(Password(text))

        assert await hasher.verify(hashed, Password(text)) is True
        assert text not in hashed.reveal()
        assert hashed.reveal().isascii()

    @pytest.mark.parametrize(
        "wrong",
        ["Correct horse battery", "correct horse batter", "correct horse battery ", "", " ", "correct horse batteri"],
    )
    async def test_any_other_password_is_wrong(self, hasher: PasswordHasher, wrong: str) -> None:
        hashed = await hasher.hash(Password("correct horse battery"))

        assert await hasher.verify(hashed, Password(wrong)) is False

    @pytest.mark.parametrize("length", [72, 128, 255, MAX_BYTES - 1])
    async def test_every_byte_counts(self, hasher: PasswordHasher, length: int) -> None:
        hashed = await hasher.hash(Password("p" * length + "x"))

        assert await hasher.verify(hashed, Password("p" * length + "y")) is False
        assert await hasher.verify(hashed, Password("p" * length)) is False

    async def test_both_ways_to_type_an_accent_are_the_same_password(self, hasher: PasswordHasher) -> None:
        hashed = await hasher.hash(Password("un caf\u00e9 cr\u00e8me"))

        assert await hasher.verify(hashed, Password("un cafe\u0301 cre\u0300me")) is True

    async def test_two_hashes_of_one_password_differ_and_both_are_right(self, hasher: PasswordHasher) -> None:
        password = Password("correct horse battery")
        first, second = await hasher.hash(password), await hasher.hash(password)

        assert first != second
        assert await hasher.verify(first, password) is True
        assert await hasher.verify(second, password) is True

    @pytest.mark.parametrize("hashed", [None, "", "not a hash", "$argon2id$v=19$m=1,t=1,p=1$", "x" * 1000, "é"])
    @pytest.mark.parametrize("text", ["correct horse battery", "", " "])
    async def test_nothing_is_right_for_what_is_no_hash(
        self, hasher: PasswordHasher, hashed: str | None, text: str
    ) -> None:
        stored = None if hashed is None else PasswordHash(hashed)

        assert await hasher.verify(stored, Password(text)) is False

    @pytest.mark.parametrize("blank", ["", " ", "\t \n", "\u3000"])
    async def test_a_blank_password_is_never_right_not_even_for_its_own_hash(
        self, hasher: PasswordHasher, blank: str
    ) -> None:
        hashed = await hasher.hash(Password(blank))

        assert await hasher.verify(hashed, Password(blank)) is False

    async def test_a_hash_that_was_cut_or_changed_is_wrong(self, hasher: PasswordHasher) -> None:
        password = Password("correct horse battery")
        hashed = (await hasher.hash(password)).reveal()
        changed = hashed[:-2] + ("AA" if hashed[-2:] != "AA" else "BB")

        assert await hasher.verify(PasswordHash(hashed[:-2]), password) is False
        assert await hasher.verify(PasswordHash(changed), password) is False

    @pytest.mark.parametrize("requester", REQUESTERS.values(), ids=REQUESTERS)
    async def test_on_whose_behalf_it_works_changes_nothing(
        self, hasher: PasswordHasher, requester: Requester | None
    ) -> None:
        password, wrong = Password("correct horse battery"), Password("another one")
        hashed = await hasher.hash(password, requester=requester)

        for other in REQUESTERS.values():
            assert await hasher.verify(hashed, password, requester=other) is True
            assert await hasher.verify(hashed, wrong, requester=other) is False
            assert await hasher.verify(None, password, requester=other) is False

    async def test_its_own_hash_needs_no_other(self, hasher: PasswordHasher) -> None:
        assert hasher.needs_rehash(await hasher.hash(Password("correct horse battery"))) is False

    async def test_a_hash_made_with_other_parameters_is_right_and_needs_another(
        self, hasher: PasswordHasher, other_hasher: PasswordHasher
    ) -> None:
        password = Password("correct horse battery")
        hashed = await other_hasher.hash(password)

        assert await hasher.verify(hashed, password) is True
        assert hasher.needs_rehash(hashed) is True
        assert other_hasher.needs_rehash(hashed) is False

    @pytest.mark.parametrize("hashed", ["", "not a hash"])
    async def test_what_is_no_hash_needs_another(self, hasher: PasswordHasher, hashed: str) -> None:
        assert hasher.needs_rehash(PasswordHash(hashed)) is True
