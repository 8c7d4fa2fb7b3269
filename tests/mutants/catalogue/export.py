"""Exports page by page, and clients that do not take their answers."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_GUARD: Final = "entrypoints/accounts_service/http_guard.py"
_STALLED: Final = "entrypoints/accounts_service/stalled_readers.py"
_STREAMING: Final = "entrypoints/accounts_http/api/sending.py"
_EXPORT: Final = "accounts_core/services/export.py"
_UNREAD: Final = "tests/security/test_unread_answers.py"


def unread(test: str) -> str:
    """A client that does not take its answers: test."""
    return f"{_UNREAD}::{test}"


def stalled(test: str) -> str:
    """Who is taken to have stalled: test."""
    return f"tests/unit/service/test_stalled_readers.py::{test}"


EXPORT: Final = (
    Mutant(
        name="export: every page is read before the first is sent",
        at="accounts_core/use_cases/identity/stream_personal_data.py::StreamPersonalData.__call__",
        old="return export_parts(self._store, contents)",
        new=(
            "parts = [part async for part in export_parts(self._store, contents)]\n"
            "\n"
            "\n"
            "async def all_at_once() -> AsyncGenerator[ExportPart, None]:\n"
            "    for part in parts:\n"
            "        yield part\n"
            "\n"
            "\n"
            "return all_at_once()"
        ),
        check=core("use_cases/test_export.py::test_a_page_is_read_when_it_is_asked_for_and_not_before"),
    ),
    Mutant(
        name="export: a read is open while the client has a page",
        at="accounts_core/services/export.py::export_parts",
        old=(
            "async with store.reader() as reader:\n"
            "    entries = await value.page(reader, last)\n"
            "if not entries:\n"
            "    break\n"
            "last = entries[-1]\n"
            "yield ExportPart(path, plain(entries), is_page=True)\n"
            "del entries"
        ),
        new=(
            "async with store.reader() as reader:\n"
            "    entries = await value.page(reader, last)\n"
            "    if not entries:\n"
            "        break\n"
            "    last = entries[-1]\n"
            "    yield ExportPart(path, plain(entries), is_page=True)"
        ),
        check=core("use_cases/test_export.py::test_no_part_has_more_than_a_page_and_no_read_is_open_between_them"),
    ),
    Mutant(
        name="export: an export that breaks off is closed as if it were complete",
        at=f"{_STREAMING}::_send_each",
        old=(
            "try:\n"
            "    async with aclosing(chunks):\n"
            "        async for chunk in chunks:\n"
            '            await send({"type": "http.response.body", "body": chunk, "more_body": True})\n'
            "            if disconnected.done():\n"
            '                note(sent="in part")\n'
            "                break\n"
            "        else:\n"
            '            await send({"type": "http.response.body", "body": b"", "more_body": False})\n'
            "finally:\n"
            "    disconnected.cancel()\n"
            "    await asyncio.wait({disconnected})"
        ),
        new=(
            "try:\n"
            "    async with aclosing(chunks):\n"
            "        async for chunk in chunks:\n"
            '            await send({"type": "http.response.body", "body": chunk, "more_body": True})\n'
            "            if disconnected.done():\n"
            '                note(sent="in part")\n'
            "                break\n"
            "        else:\n"
            '            await send({"type": "http.response.body", "body": b"", "more_body": False})\n'
            "except Exception:\n"
            '    await send({"type": "http.response.body", "body": b"}", "more_body": False})\n'
            "finally:\n"
            "    disconnected.cancel()\n"
            "    await asyncio.wait({disconnected})"
        ),
        check=http("test_export.py::test_a4_an_error_in_the_middle_leaves_a_document_that_is_not_complete[memory]"),
    ),
    Mutant(
        name="export: read to the end for a client that has gone",
        at=f"{_STREAMING}::_send_each",
        old="disconnected.done()",
        new="False",
        check=http("test_export.py::test_a4_nothing_more_is_read_for_a_client_that_has_gone[memory]"),
    ),
    Mutant(
        name="export: a page that begins with the last entry of the one before",
        at="adapters/accounts_sql/statements/queries.py::below_cursor",
        old="sa.tuple_(time, key) < sa.tuple_(by_moment('cursor_time'), kind('cursor_key'))",
        new="sa.tuple_(time, key) <= sa.tuple_(by_moment('cursor_time'), kind('cursor_key'))",
        check=sql_contract(
            "TestPaging::test_pages_follow_each_other_without_a_gap_or_a_repeat[sqlite3-teams.list_interactions_by]"
        ),
    ),
    Mutant(
        name="export: of entries of the same time only one page's are read",
        at="adapters/accounts_memory/pages.py::page_below",
        old="order(entry) < position",
        new="order(entry)[0] < position[0]",
        check=memory_contract(
            "TestPaging::test_pages_follow_each_other_without_a_gap_or_a_repeat[notifications.list_for_user]"
        ),
    ),
    Mutant(
        name="HTTP guard: a client that takes nothing is waited for for ever",
        at=f"{_GUARD}::GuardedProtocol.connection_made",
        old="self._watch.start()",
        new="",
        check=unread("test_a4_unread_exports_hold_a_few_pages_and_are_cut_off[asyncio]"),
    ),
    Mutant(
        name="HTTP guard: a byte now and then keeps a connection",
        at=f"{_STALLED}::ReaderWatch._check",
        old="received - received_then < MIN_BYTES",
        new="received == received_then",
        check=stalled("test_who_takes_less_than_that_has_stalled"),
    ),
    Mutant(
        name="HTTP guard: who took all that was waiting is cut off for having taken little",
        at=f"{_STALLED}::ReaderWatch._check",
        old="received < written_then and received - received_then < MIN_BYTES",
        new="received - received_then < MIN_BYTES",
        check=stalled("test_who_took_all_that_was_waiting_has_not_stalled_however_little_it_was"),
    ),
    Mutant(
        name="HTTP guard: a client is cut off for its first interval",
        at=f"{_STALLED}::ReaderWatch._check",
        old="(self._waiting_since, None)",
        new="(self._waiting_since or (1, 0), None)",
        check=stalled("test_an_answer_is_given_a_whole_interval_whenever_it_was_written"),
    ),
    Mutant(
        name="HTTP guard: requests that wait are all parsed",
        at=f"{_GUARD}::GuardedProtocol._parse_slices",
        old=("if self.pipeline:\n    self._hold(data[start:])\n    return"),
        new="",
        check=unread(
            "test_a4_requests_sent_without_end_and_unread_answers_hold_little_and_are_cut_off[uvloop-short answers]"
        ),
    ),
    Mutant(
        name="HTTP guard: the request that is being answered does not hear that its client has gone",
        at=f"{_GUARD}::GuardedProtocol.connection_lost",
        old="answering.message_event.set()",
        new="",
        check=unread("test_a4_nothing_more_is_read_once_a_client_has_gone_whatever_it_had_asked_for_besides[uvloop]"),
    ),
)
