"""Who may do what, what a refusal says, and what guards a connection or a secret, gone wrong where one test sees it."""

from typing import Final

from tests.mutants.mutant import Mutant

_TEAMS: Final = "tests/security/test_who_may_do_what.py"
_REFUSED: Final = "tests/security/test_refusals.py"
_SOURCES: Final = "tests/security/test_whole_sources.py"
_TLS: Final = "tests/integration/sql/test_tls.py::test_any_other_is_told_nothing"

ACCESS: Final = (
    Mutant(
        name="a member who is shown whom the owner invited",
        at="accounts_core/use_cases/teams/list_team_invitations.py",
        old="(await seen_by(reader, team_id, user_id)).team.check_owner(user_id)",
        new="await seen_by(reader, team_id, user_id)",
        check=f"{_TEAMS}::test_each_call_is_for_whom_the_rules_say",
    ),
    Mutant(
        name="an invitation that is reached by way of another team",
        at="accounts_core/services/open_invitations.py::open_invitation_into",
        old="view is None or view.invitation.team_id != team_id",
        new="view is None",
        check=f"{_TEAMS}::test_nothing_is_reached_by_way_of_a_team_of_ones_own",
    ),
    Mutant(
        name="a refusal that may be kept",
        at="entrypoints/accounts_http/hardening.py::refusal",
        old="PROTECTIVE",
        new="()",
        check=f"{_REFUSED}::test_no_refusal_is_kept_or_says_what_runs_here_or_repeats_what_was_sent",
    ),
    Mutant(
        name="a restore that the log does not know as a way in",
        at="entrypoints/accounts_http/api/auth.py::AuthApi.restore",
        old='note(way_in="password")',
        new='note(way_in="")',
        check=f"{_REFUSED}::test_every_way_in_is_logged_with_what_was_shown",
    ),
    Mutant(
        name="an HMAC that is made with MD5",
        at="accounts_core/model/idempotency.py",
        old='digest(key, b"token\\0", "sha256")',
        new='digest(key, b"token\\0", "md5")',
        check=f"{_SOURCES}::test_every_hash_names_sha_256_however_it_is_said",
    ),
    Mutant(
        name="randomness that repeats itself",
        at="adapters/accounts_system/secrets.py::SystemSecrets.random_bytes",
        old="secrets.token_bytes(count)",
        new="(secrets.token_bytes(4) * count)[:count]",
        check="tests/unit/adapters/test_randomness.py::test_every_byte_of_every_draw_varies",
    ),
    Mutant(
        name="a service that hashes more cheaply than its hasher would",
        at="entrypoints/accounts_service/composition.py::open_service",
        old="AsyncArgon2Hasher()",
        new="AsyncArgon2Hasher(__import__('accounts_argon2').Cost(memory_kib=8, passes=1))",
        check="tests/integration/service/test_cost.py",
    ),
    Mutant(
        name="a URL's demand for a verified certificate, lost on the way to asyncpg",
        at="adapters/accounts_sql/connections/engines.py::create_async_engine",
        old='_renamed(url, "sslmode", "ssl")',
        new='url.difference_update_query(["sslmode"])',
        check=_TLS,
    ),
    Mutant(
        name="waits without end on psycopg beside an event loop",
        at="adapters/accounts_sql/connections/engines.py::create_async_engine",
        old="_psycopg_arguments(url, pgbouncer=pgbouncer or in_url) if is_psycopg else {}",
        new="{}",
        check=(
            "tests/integration/sql/test_engines.py::test_nothing_on_psycopg_beside_an_event_loop_waits_for_ever_either"
        ),
    ),
)
