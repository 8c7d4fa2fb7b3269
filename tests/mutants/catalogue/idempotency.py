"""What is kept under an idempotency key, what a repeat is compared by, and sign-ups with a key (A9, F11, A4)."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_EDGE: Final = "entrypoints/accounts_litestar"
_REPEATING: Final = f"{_EDGE}/repeating.py"
_MODEL: Final = "accounts_core/model/idempotency.py"
_SIGN_UP: Final = "accounts_core/use_cases/sign_up_once.py"
_OUTCOMES: Final = "test_idempotency_outcomes.py"
_PASSWORDS: Final = "test_idempotency_passwords.py"
_SIGN_UPS: Final = "test_idempotent_sign_up.py"
_ONCE: Final = "use_cases/test_sign_up_once.py"
_JUDGED: Final = "test_idempotency.py::test_a_repeat_is_judged_by_its_body_and_its_token"

IDEMPOTENCY: Final = (
    Mutant(
        name="a right that was granted since, and a refusal that is replayed for a day",
        file=_REPEATING,
        old="NOT_KEPT: Final = frozenset({401, 403, 409, 429})",
        new="NOT_KEPT: Final = frozenset({401, 409, 429})",
        check=http(f"{_OUTCOMES}::test_what_a_retry_is_meant_to_mend_is_not_kept[not_allowed-403-204-memory]"),
    ),
    Mutant(
        name="a conflict that is kept, and given again for a day",
        file=_REPEATING,
        old="NOT_KEPT: Final = frozenset({401, 403, 409, 429})",
        new="NOT_KEPT: Final = frozenset({401, 403, 429})",
        check=http(
            f"{_OUTCOMES}::test_what_a_retry_is_meant_to_mend_is_not_kept[a_deletion_that_is_blocked-409-204-memory]"
        ),
    ),
    Mutant(
        name="a wrong password whose refusal is replayed for a day",
        file=_REPEATING,
        old="    return not any(PASSWORD in field.lower() for field in problem.errors or {})\n",
        new="    return True\n",
        check=http(f"{_OUTCOMES}::test_a_password_that_was_refused_can_be_corrected_under_the_same_key"),
    ),
    Mutant(
        name="a second new password that is answered and not set",
        file=_REPEATING,
        old="    secrets = _canonical(secret, is_json) if secret else None\n",
        new="    secrets = None\n",
        check=http(f"{_PASSWORDS}::test_of_two_new_passwords_under_one_key_the_second_is_another_request[memory]"),
    ),
    Mutant(
        name="an unknown field that is digested as if nobody typed a password there",
        file=_REPEATING,
        old="if name in known and _is_plain(name, value)}",
        new="if _is_plain(name, value)}",
        check=http(f"{_PASSWORDS}::test_nothing_that_is_kept_is_a_digest_that_a_password_could_be_guessed_from"),
    ),
    Mutant(
        name="a password that lies deeper and is digested",
        file=_REPEATING,
        old=" and not isinstance(value, dict | list)\n",
        new="\n",
        check=http(f"{_PASSWORDS}::test_nothing_that_is_kept_is_a_digest_that_a_password_could_be_guessed_from"),
    ),
    Mutant(
        name="a key of one method that is good for another on the same path",
        file=_REPEATING,
        old='scope = sha256(f"{user_id}\\0{request.method}\\0',
        new='scope = sha256(f"{user_id}\\0',
        check=http(f"{_OUTCOMES}::test_put_and_delete_with_the_same_body_are_two_requests_still[memory]"),
    ),
    Mutant(
        name="a card that is answered with another card's outcome",
        file=_REPEATING,
        old="request_key = sha256(scope + fingerprint).hexdigest()",
        new="request_key = scope.hex()",
        check=http(f"{_OUTCOMES}::test_a_card_under_a_key_is_not_answered_with_the_outcome_of_another_card[memory]"),
    ),
    Mutant(
        name="another token that gets the answer to a password which nobody can compare",
        file=_MODEL,
        old="        return Repeat.NOT_COMPARABLE\n",
        new="        return Repeat.SAME\n",
        check=core(_JUDGED),
    ),
    Mutant(
        name="another token that makes every password another request",
        file=_MODEL,
        old="kept[token] != given[token]:\n",
        new="False:\n",
        check=core(_JUDGED),
    ),
    Mutant(
        name="an answer of any size that is kept",
        file="accounts_core/use_cases/perform_once.py",
        old="        if self.is_final and len(self.answer) > MAX_ANSWER_BYTES:\n",
        new="        if False:\n",
        check=core("test_idempotency.py::test_an_answer_that_is_kept_has_a_bounded_size"),
    ),
    Mutant(
        name="a problem that names every field that was sent",
        file=f"{_EDGE}/bodies.py",
        old="    for name in names[:MAX_UNKNOWN_FIELDS]:\n",
        new="    for name in names:\n",
        check=http("test_bounded_answers.py::test_what_is_kept_of_a_refusal_is_bounded"),
    ),
    Mutant(
        name="a problem with names as long as they were sent",
        file=f"{_EDGE}/bodies.py",
        old='return name if len(name) <= MAX_FIELD_NAME else f"{name[:MAX_FIELD_NAME]}\\u2026"',
        new="return name",
        check=http("test_bounded_answers.py::test_what_is_kept_of_a_refusal_is_bounded"),
    ),
    Mutant(
        name="a sign-up with another password that is answered and not made",
        file=_SIGN_UP,
        old="            if not is_right or not is_same",
        new="            if not is_same",
        check=core(f"{_ONCE}::test_another_body_or_password_is_refused"),
    ),
    Mutant(
        name="a sign-up's key that is no good for another spelling of the address",
        file=_REPEATING,
        old="\\0{email.key}\\0{key}",
        new="\\0{email.address}\\0{key}",
        check=http(f"{_SIGN_UPS}::test_another_body_for_the_same_address_is_another_request[memory-open]"),
    ),
    Mutant(
        name="guesses at a sign-up's password that nobody counts",
        file=_SIGN_UP,
        old="            await self._attempts.repeated_sign_up(email, client)\n",
        new="",
        check=core(f"{_ONCE}::test_guesses_at_the_password_are_counted_for_the_account_and_end_nobodys_failures"),
    ),
    Mutant(
        name="a sign-up that loses its race and is told that the address is taken",
        file=_SIGN_UP,
        old="        except (_AnsweredMeanwhile, EmailTaken, Conflict) as error:\n",
        new="        except _AnsweredMeanwhile as error:\n",
        check=core(f"{_ONCE}::test_an_address_that_was_taken_by_the_very_request_is_answered_as_the_request"),
    ),
    Mutant(
        name="a sign-up that is hashed anew each time it loses a race",
        file="accounts_core/use_cases/once.py",
        old="        if password not in self._hashes:\n",
        new="        if True:\n",
        check=core(f"{_ONCE}::test_a_race_that_is_lost_is_run_again_with_the_same_hash"),
    ),
    Mutant(
        name="a sign-up whose answer is not kept",
        file=_SIGN_UP,
        old="            await work.kept_requests.add(request)\n",
        new="",
        check=core(f"{_ONCE}::test_a_repeat_is_answered_without_being_performed"),
    ),
    Mutant(
        name="a private sign-up that outlives its account",
        file="accounts_core/use_cases/owned_data.py",
        old="        await work.kept_requests.delete_for_email((await work.users.get(user_id)).email)\n",
        new="",
        check=http(
            f"{_SIGN_UPS}::test_where_registration_is_private_what_is_kept_goes_with_the_account_too[memory-private]"
        ),
    ),
    Mutant(
        name="sign-ups of one address that go with another's, in memory",
        file="adapters/accounts_memory/kept_requests.py",
        old='        for request in requests.find("email_key", email.key):\n',
        new="        for request in requests.all():\n",
        check=memory_contract("TestKeptRequests::test_a_sign_up_belongs_to_an_address_until_it_made_a_user"),
    ),
    Mutant(
        name="sign-ups of one address that go with another's, in SQL",
        file="adapters/accounts_sql/repositories/kept_requests.py",
        old="_DELETE_FOR_EMAIL: Final = kept_requests.delete().where(_OF_EMAIL)",
        new="_DELETE_FOR_EMAIL: Final = kept_requests.delete().where(kept_requests.c.user_id.is_(None))",
        check=sql_contract("TestKeptRequests::test_a_sign_up_belongs_to_an_address_until_it_made_a_user[sqlite3]"),
    ),
)
