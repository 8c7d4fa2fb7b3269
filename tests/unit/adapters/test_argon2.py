from time import thread_time

import argon2
import pytest

from accounts_argon2 import Argon2Hasher, Cost
from accounts_core.model.passwords import Password
from accounts_core.model.secret_values import PasswordHash
from accounts_core.sync import run_sync
from accounts_core.testing.contracts import PasswordHasherContract

CHEAP = Cost(memory_kib=8, passes=1)
RIGHT = Password("correct horse battery staple")
WRONG = Password("correct horse battery stable")

# from the test suite of the reference implementation, all of "password" with the salt "somesalt"
KNOWN = [
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
]
SALT = "c29tZXNhbHRzb21lc2FsdA"
TAG = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"


class TestBlocking(PasswordHasherContract):
    """Argon2 without an event loop."""

    @pytest.fixture
    def hasher(self) -> Argon2Hasher:
        return Argon2Hasher(CHEAP)

    @pytest.fixture
    def other_hasher(self) -> Argon2Hasher:
        return Argon2Hasher(Cost(memory_kib=16, passes=2))


def verify(hash: str | None, password: Password, hasher: Argon2Hasher | None = None) -> bool:
    return run_sync((hasher or Argon2Hasher(CHEAP)).verify(None if hash is None else PasswordHash(hash), password))


def test_the_default_cost_is_what_owasp_asks_for_at_least() -> None:
    made = run_sync(Argon2Hasher().hash(RIGHT))

    assert made.reveal().startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_what_it_hashes_the_reference_implementation_verifies() -> None:
    made = run_sync(Argon2Hasher(CHEAP).hash(RIGHT))

    assert argon2.PasswordHasher().verify(made.reveal(), RIGHT.text)


@pytest.mark.parametrize("hash", KNOWN)
def test_hashes_of_the_reference_implementation_are_verified(hash: str) -> None:
    assert verify(hash, Password("password"))
    assert not verify(hash, Password("Password"))


@pytest.mark.parametrize(
    "hash",
    [
        pytest.param(f"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ${TAG}", id="a short salt"),
        pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}$nf65EOgLrQMR/uIPnA4rEg", id="a short tag"),
        pytest.param(f"$argon2i$v=19$m=8,t=1,p=1${SALT}${TAG}", id="another variant"),
        pytest.param(f"$argon2id$v=16$m=8,t=1,p=1${SALT}${TAG}", id="another version"),
        pytest.param(f"$argon2id$m=8,t=1,p=1${SALT}${TAG}", id="the first version"),
        pytest.param(f"$argon2id$v=19$m=16,t=1,p=1${SALT}${TAG}", id="other memory"),
        pytest.param(f"$argon2id$v=19$m=8,t=2,p=1${SALT}${TAG}", id="other passes"),
        pytest.param(f"$argon2id$v=19$m=16,t=1,p=2${SALT}${TAG}", id="other lanes"),
        pytest.param("plain text", id="no hash"),
        pytest.param("", id="nothing"),
    ],
)
def test_whatever_it_would_not_make_itself_wants_a_rehash(hash: str) -> None:
    assert Argon2Hasher(CHEAP).needs_rehash(PasswordHash(hash))


MALFORMED = [
    pytest.param("", id="nothing"),
    pytest.param("correct horse battery staple", id="the password itself"),
    pytest.param("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", id="bcrypt"),
    pytest.param("$argon2id$", id="a beginning"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}$", id="no tag"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}$AAAAAA", id="a tag of four bytes"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}${TAG}AA", id="a tag of no length"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}${TAG}\n", id="a line break after it"),
    pytest.param(f"$argon2id$v=19$m=8,t=1,p=1${SALT}${TAG}\0", id="a NUL after it"),
    pytest.param(f"$argon2id$v=19$m=\u0668,t=1,p=1${SALT}${TAG}", id="digits of another script"),
    pytest.param(f"$argon2id$v=20$m=8,t=1,p=1${SALT}${TAG}", id="a version that is not there yet"),
    pytest.param(f"$argon2id$v=19$m=-8,t=1,p=1${SALT}${TAG}", id="negative memory"),
    pytest.param(f"$argon2id$v=19$m=4,t=1,p=1${SALT}${TAG}", id="too little memory"),
    pytest.param(f"$argon2id$v=19$m=262145,t=1,p=1${SALT}${TAG}", id="more than 256 MiB"),
    pytest.param(f"$argon2id$v=19$m=4294967295,t=1,p=1${SALT}${TAG}", id="4 TiB"),
    pytest.param(f"$argon2id$v=19$m=8,t=17,p=1${SALT}${TAG}", id="more than 16 passes"),
    pytest.param(f"$argon2id$v=19$m=8,t=4294967295,p=1${SALT}${TAG}", id="a year of passes"),
    pytest.param(f"$argon2id$v=19$m=1024,t=1,p=17${SALT}${TAG}", id="more than 16 lanes"),
    pytest.param("$argon2id$v=19$m=8,t=1,p=1$" + "A" * 1_000_000 + f"${TAG}", id="a megabyte of salt"),
]


def cpu_seconds(hasher: Argon2Hasher, hash: str | None, password: Password = RIGHT) -> float:
    """Take the least of a few runs: what the machine does beside them only ever adds."""
    seconds = []
    for _ in range(5):
        start = thread_time()
        assert not verify(hash, password, hasher)
        seconds.append(thread_time() - start)
    return min(seconds)


@pytest.fixture(scope="module")
def hasher() -> Argon2Hasher:
    return Argon2Hasher(Cost(memory_kib=4096, passes=2))


@pytest.fixture(scope="module")
def honest_seconds(hasher: Argon2Hasher) -> float:
    return cpu_seconds(hasher, run_sync(hasher.hash(RIGHT)).reveal(), WRONG)


@pytest.mark.parametrize("hash", [pytest.param(None, id="no user"), *MALFORMED])
def test_where_there_is_no_hash_nothing_is_right_and_the_work_is_the_same(
    hasher: Argon2Hasher, honest_seconds: float, hash: str | None
) -> None:
    assert honest_seconds / 2 < cpu_seconds(hasher, hash) < honest_seconds * 2


@pytest.mark.parametrize("blank", ["", " ", "\t \u3000"])
def test_a_blank_password_is_never_right_and_costs_the_same_work(
    hasher: Argon2Hasher, honest_seconds: float, blank: str
) -> None:
    matching = argon2.PasswordHasher(memory_cost=4096, time_cost=2, parallelism=1).hash(blank)

    assert honest_seconds / 2 < cpu_seconds(hasher, matching, Password(blank)) < honest_seconds * 2


@pytest.mark.parametrize(
    ("memory_kib", "passes", "lanes"),
    [(7, 1, 1), (15, 1, 2), (262145, 1, 1), (8, 0, 1), (8, 17, 1), (8, 1, 0), (512, 1, 17)],
)
def test_a_cost_that_it_would_not_bear_when_stored_cannot_be_asked_for(
    memory_kib: int, passes: int, lanes: int
) -> None:
    with pytest.raises(ValueError, match="Argon2 hash"):
        Cost(memory_kib=memory_kib, passes=passes, lanes=lanes)
