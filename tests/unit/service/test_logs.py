"""Every line of the log says when, who and which request; none holds a secret, and none is forged."""

import json
import logging
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest

from accounts_http.access_log import ACCESS_LOGGER, RequestEntry, conceal, current_request, log_entry
from accounts_service import logs
from accounts_service.log_throttle import BURST, PER_SECOND, Throttle
from accounts_service.logs import RequestWriter, _Flood, _Handler, formatter
from accounts_service.masking import MAX_TEXT, Masker, mask_defects

TOKEN = "acc_" + "0aZ" * 16 + "9"
PASSWORD = "hunter/22 & Söhne"
FORGED = "2026-01-01T00:00:00.000+00:00 INFO    accounts_service: all is well"


def record(message: str, *args: object, error: Exception | None = None, **fields: object) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("accounts_service", logging.ERROR, "", 1, message, args, info)
    vars(made).update(fields)
    return made


def shown(made: logging.LogRecord, *, for_people: bool = False) -> str:
    return formatter(Masker([PASSWORD]), for_people=for_people).format(made)


def parsed(made: logging.LogRecord) -> dict[str, Any]:
    line = shown(made)
    assert "\n" not in line
    fields: dict[str, Any] = json.loads(line)
    return fields


def fail(text: str) -> None:
    raise ValueError(text)


def raised(text: str) -> Exception:
    """Return an error with a traceback."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  its text is the test's
        fail(text)
    return caught.value


@contextmanager
def answering(entry: RequestEntry) -> Iterator[RequestEntry]:
    token = current_request.set(entry)
    try:
        yield entry
    finally:
        current_request.reset(token)


def entry(**fields: Any) -> RequestEntry:
    return RequestEntry(**{"id": "5f2c", "method": "GET", "client": "192.0.2.1", **fields})


def test_a_line_says_when_with_an_offset_how_bad_where_and_what() -> None:
    made = record("It failed %d times.", 3)

    fields = parsed(made)

    when = datetime.fromisoformat(fields["timestamp"])
    assert when.utcoffset() is not None
    assert abs(when - datetime.fromtimestamp(made.created, UTC)).total_seconds() < 0.001
    assert fields["timestamp"].endswith("+00:00")
    assert (fields["level"], fields["logger"], fields["event"]) == ("error", "accounts_service", "It failed 3 times.")
    assert fields["process"] == made.process


def test_a_line_names_the_request_that_it_belongs_to_and_who_asked() -> None:
    assert not {"request_id", "user_id"} & set(parsed(record("It failed.")))
    with answering(entry(user_id=7)):
        fields = parsed(record("It failed."))
        assert (fields["request_id"], fields["user_id"]) == ("5f2c", 7)
        assert "request_id=5f2c  user_id=7" in shown(record("It failed."), for_people=True)


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (f"token {TOKEN}", TOKEN),
        (f"Authorization: Bearer {TOKEN[4:]}", TOKEN[4:]),
        ("Authorization: Basic c2tfbGl2ZTo=", "c2tfbGl2ZTo"),
        ("key sk_live_0aZ0aZ0aZ0aZ", "0aZ0aZ"),
        ("key rk_test_0aZ0aZ0aZ0aZ", "0aZ0aZ"),
        ("whsec_0aZ0aZ0aZ0aZ", "0aZ0aZ"),
        ("pi_1_secret_0aZ0aZ", "0aZ0aZ"),
        ("postgresql://me:hunter22@db/accounts", "hunter22"),
        ("redis://:hunter22@cache/0", "hunter22"),
        ("mail acm_" + "0aZ" * 16, "0aZ0aZ"),
        ("hash $argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", "aGFzaA"),
        (f"password {PASSWORD}", PASSWORD),
        (f"password {PASSWORD!r}", PASSWORD),
        (f"url {quote(PASSWORD, safe='')}", quote(PASSWORD, safe="")),
        (f"hex {PASSWORD.encode().hex()}", PASSWORD.encode().hex()),
        *(
            (f"base64 {encoded}", encoded[4:-4])
            for before in ("", "a", "ab")
            for encoding in (b64encode, urlsafe_b64encode)
            for encoded in [encoding(f"{before}{PASSWORD}:".encode()).decode()]
        ),
    ],
)
@pytest.mark.parametrize("for_people", [False, True])
def test_a_secret_is_masked_wherever_in_a_line_it_is(said: str, secret: str, *, for_people: bool) -> None:
    lines = [
        shown(each, for_people=for_people)
        for each in (
            record(said),
            record("It failed: %s", said),
            record("It failed: %r", ValueError(said)),
            record("It failed.", error=raised(said)),
            record("It failed.", why=said),
            record("It failed.", why={"deep": [said, {said: 1}]}),
            record("It failed.", why=ValueError(said)),
        )
    ]

    for line in lines:
        assert secret not in line
        assert "***" in line
    assert secret in f"{said}"  # it would have been found


def test_what_came_with_a_request_is_masked_while_it_is_answered() -> None:
    typed = "a password nobody knows of"
    with answering(entry()):
        conceal(typed)
        within = shown(record("It failed.", error=raised(typed), why=typed.encode().hex()))

    assert typed not in within
    assert typed.encode().hex() not in within
    assert typed in shown(record("It failed.", error=raised(typed)))  # of a request that is over nothing is kept


@pytest.mark.parametrize("chosen", ["timestamp", "request_id", "exception", "accounts_service", "warning", "process"])
@pytest.mark.parametrize("for_people", [False, True])
def test_no_password_takes_anything_of_ours_out_of_a_line(chosen: str, *, for_people: bool) -> None:
    def made() -> logging.LogRecord:
        return record("It failed.", error=raised("of itself"))

    first = made()
    with answering(entry()):
        usual = formatter(Masker(), for_people=for_people).format(first)
        conceal(chosen)
        assert formatter(Masker(), for_people=for_people).format(first) == usual


def test_no_field_of_somebody_elses_takes_the_place_of_ours() -> None:
    fields = parsed(record("Fine.", timestamp="2026-01-01", level="info", logger="another", process=0))

    assert fields["timestamp"] != "2026-01-01"
    assert (fields["level"], fields["logger"]) == ("error", "accounts_service")


def test_what_is_repeated_crowds_out_nothing_else_of_ours() -> None:
    filter_ = _Flood(Throttle())
    for _ in range(1000):
        filter_.filter(record("It failed."))

    assert filter_.filter(record("Something else failed."))


def test_what_a_field_is_called_is_enough_to_mask_it() -> None:
    fields = parsed(record("Signed in.", password="swordfish", headers={"Authorization": "anything", "accept": "*"}))

    assert (fields["password"], fields["headers"]) == ("***", {"Authorization": "***", "accept": "*"})


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("for_people", [False, True])
def test_nothing_that_is_logged_begins_a_line_of_its_own(end: str, *, for_people: bool) -> None:
    said = f"no such user{end}{FORGED}"

    for made in (record(said), record("%s", said), record("Refused.", agent=said), record("No.", also={said: "x"})):
        assert len(shown(made, for_people=for_people).splitlines()) == 1
    traced = shown(record("It failed.", error=raised(said)), for_people=for_people).splitlines()
    assert not any(line.startswith("2026-01-01") for line in traced)
    assert len(traced) == 1 or for_people
    assert all(line.startswith("    ") for line in traced[1:])


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"])
@pytest.mark.parametrize("for_people", [False, True])
def test_no_control_character_reaches_a_terminal(character: str, *, for_people: bool) -> None:
    line = shown(
        record(f"a{character}b", agent=f"a{character}b", error=raised(f"a{character}b")), for_people=for_people
    )

    assert all(part.isprintable() for part in line.split("\n"))


def test_a_very_long_text_is_cut_in_its_middle() -> None:
    event = parsed(record("a" * MAX_TEXT + "middle" + "z" * MAX_TEXT))["event"]

    assert len(event) < MAX_TEXT + 100
    assert "middle" not in event
    assert (event[0], event[-1]) == ("a", "z")


def test_a_line_that_cannot_be_made_loses_itself_alone_and_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    handler = _Handler(stream)
    handler.setFormatter(formatter(Masker(), for_people=False))

    handler.handle(record("%d", "a secret"))
    handler.handle(record("Fine."))

    lost, fine = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lost == {"event": "A line of accounts_service was lost: TypeError"}
    assert fine["event"] == "Fine."
    assert capsys.readouterr() == ("", "")


# ---- the line of a request


def written(*entries: RequestEntry) -> list[dict[str, Any]]:
    stream = StringIO()
    write = RequestWriter(stream, Throttle())
    for each in entries:
        write(each)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_short_way_to_write_a_request_says_what_the_long_way_says(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for each in (
        entry(status=200, route="/api/v1/user", user_id=7, seconds=0.0123),
        entry(status=503, facts={"problem": "unavailable", "error": "Unavailable"}),
        entry(status=None),
    ):
        caplog.clear()
        with answering(each):
            log_entry(each)
            by_logging = parsed(caplog.records[0])
            del by_logging["message"]  # which the handler of the tests has left there
        (short,) = written(each)

        assert {**short, "timestamp": ""} == {"user_id": None, **by_logging, "timestamp": ""}
        assert short["timestamp"].endswith("+00:00")


def test_a_request_that_failed_is_a_warning() -> None:
    levels = [written(entry(status=status))[0]["level"] for status in (200, 401, 429, 500, 503, None)]

    assert levels == ["info", "info", "info", "warning", "warning", "warning"]


def test_a_stream_that_nobody_reads_ends_no_request() -> None:
    stream = StringIO()
    stream.close()

    RequestWriter(stream, Throttle())(entry(status=200))


# ---- floods


def test_of_a_flood_some_lines_are_let_through_and_the_rest_is_counted() -> None:
    throttle = Throttle()

    admitted = [throttle.admit("kind", 0.0) for _ in range(1000)]

    assert admitted == [0] * int(BURST) + [None] * (1000 - int(BURST))
    assert throttle.admit("kind", 1 / PER_SECOND) == 1000 - int(BURST)
    assert throttle.admit("kind", 2 / PER_SECOND) == 0
    assert throttle.admit("other", 0.0) == 0
    assert [throttle.admit("kind", 3600.0) for _ in range(1000)].count(0) == BURST


def test_a_clock_that_is_set_back_gives_nobody_more() -> None:
    throttle = Throttle()
    for _ in range(int(BURST)):
        throttle.admit("kind", 100.0)

    assert throttle.admit("kind", 50.0) is None


FLOODS: Mapping[str, Mapping[str, Any]] = {
    "no token": {"status": 401},
    "limit hit": {"status": 429, "facts": {"way_in": "password", "problem": "too-many-attempts"}},
    "nothing there": {"status": 404},
    "health": {"status": 200},
}


@pytest.mark.parametrize("name", FLOODS)
def test_requests_of_nobody_cannot_fill_the_log(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts_service.logs.monotonic", lambda: 0.0)
    flood = [entry(**FLOODS[name]) for _ in range(1000)]

    assert len(written(*flood)) == BURST
    filter_ = _Flood(Throttle())
    passed = 0
    for each in flood:
        with answering(each):
            made = logging.LogRecord(ACCESS_LOGGER, logging.INFO, "", 1, "Request", (), None)
            made.created = 0.0
            vars(made).update(each.log_fields)
            passed += filter_.filter(made)
    assert passed == BURST


@pytest.mark.parametrize(
    "kept",
    [
        {"status": 401, "facts": {"way_in": "password", "problem": "invalid-credentials"}},
        {"status": 200, "facts": {"way_in": "password"}, "user_id": 7},
        {"status": 404, "user_id": 7},
    ],
)
def test_every_sign_in_and_everything_that_a_person_does_is_logged(kept: Mapping[str, Any]) -> None:
    assert len(written(*(entry(**kept) for _ in range(1000)))) == 1000


def test_what_libraries_repeat_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    filter_ = _Flood(Throttle())
    made = [record("The pool is full.") for _ in range(int(BURST) + 1)]
    later = record("The pool is full.")

    monkeypatch.setattr(logs, "monotonic", lambda: 100.0)
    assert sum(filter_.filter(each) for each in made) == BURST
    monkeypatch.setattr(logs, "monotonic", lambda: 101.0)
    assert filter_.filter(later)
    assert parsed(later)["left_out"] == 1


def test_a_defect_that_ends_a_command_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    mask_defects([PASSWORD])
    error = raised(f"with {PASSWORD} and {TOKEN}")

    sys.excepthook(type(error), error, error.__traceback__)

    said = capsys.readouterr().err
    assert said.endswith("ValueError: with *** and ***\n")
    assert "Traceback" in said


def test_the_log_hears_of_what_only_python_would_have_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    stream = StringIO()
    handler = _Handler(stream)
    handler.setFormatter(formatter(Masker([PASSWORD]), for_people=False))
    monkeypatch.setattr(logs.logger, "propagate", False)
    logs.logger.addHandler(handler)
    try:
        logs._log_uncaught()
        error = raised(f"with {PASSWORD}")
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        logs.logger.removeHandler(handler)

    assert json.loads(stream.getvalue())["event"] == "The process ends."
    assert PASSWORD not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_of_two_secrets_that_begin_alike_nothing_of_the_longer_one_is_left() -> None:
    """Their order is that of a set, so this holds whichever is looked at first."""
    short, long = "sparrow-hawk", "sparrow-hawk-and-more"

    for secrets in ([short, long], [long, short]):
        assert Masker(secrets).text(f"opened with {long}") == "opened with ***"
