"""Lists page by page, what has had its time, HEAD, and initials."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_SQL: Final = "adapters/accounts_sql/repositories"


def _paging(test: str) -> str:
    return http(f"test_paging.py::{test}")


def _retention(test: str) -> str:
    return core(f"use_cases/test_retention.py::{test}")


def _initials(name: str) -> str:
    return core(f"model/test_initials.py::test_f8_the_initials_of[{name}]")


LISTS: Final = (
    Mutant(
        name="lists: an id that is gone is an empty page",
        at="accounts_core/services/paging.py::Listed._below",
        old=(
            "if is_position_text(before):\n"
            "    position = read_position_text(self.name, before)\n"
            "    if isinstance(position, self.kind):\n"
            "        return position\n"
            "elif len(before) <= MAX_ID:\n"
            "    found = await self.find(before)\n"
            "    if found is not None:\n"
            "        return found"
        ),
        new=(
            "if is_position_text(before):\n"
            "    position = read_position_text(self.name, before)\n"
            "    if isinstance(position, self.kind):\n"
            "        return position\n"
            "elif len(before) <= MAX_ID:\n"
            "    found = await self.find(before)\n"
            "    if found is not None:\n"
            "        return found\n"
            "return 0"
        ),
        check=_paging("test_f4_a_list_is_read_to_its_end_while_entries_come_and_go[memory-listAccounts]"),
    ),
    Mutant(
        name="lists: a position is good for every list",
        at="accounts_core/model/paging.py::_checksum",
        old="f'position\\x00{name}\\x00'.encode()",
        new="b'position'",
        check=_paging("test_f4_a_position_of_somebody_elses_list_is_refused[memory]"),
    ),
    Mutant(
        name="lists: two texts for one position",
        at="accounts_core/model/paging.py::read_position_text",
        old="position if position is not None and position_text(name, position) == text else None",
        new="position",
        check=_paging(
            "test_f4_what_is_no_position_of_this_list_is_refused_and_never_an_empty_page[memory-listAccounts]"
        ),
    ),
    Mutant(
        name="lists: the id of another team's interaction is taken",
        at="accounts_core/use_cases/teams/list_interactions.py::ListInteractions.__call__.find",
        old="written is None or written.team_id != team_id",
        new="written is None",
        check=_paging("test_f4_a_position_of_somebody_elses_list_is_refused[memory]"),
    ),
    Mutant(
        name="lists: a link where there is nothing more",
        at="accounts_core/services/paging.py::Listed.page",
        old=("if len(entries) < at_once:\n    return page"),
        new=(
            "if len(entries) < at_once:\n"
            "    page.next = position_text(self.name, self.position(page[-1])) if page else None\n"
            "    return page"
        ),
        check=_paging("test_f16_there_is_a_link_only_where_there_is_more[memory]"),
    ),
    Mutant(
        name="lists: a page of interactions of any size",
        at="accounts_core/services/paging.py::Listed.page",
        old="size > self.max_size > 0",
        new="size > 100 * self.max_size > 0",
        check=_paging("test_f16_a_page_of_interactions_ends_before_it_is_long[memory]"),
    ),
    Mutant(
        name="lists: all notifications at once",
        at="accounts_core/use_cases/identity/list_notifications.py::ListNotifications.__call__",
        old="count",
        new="10 ** 6",
        check=_paging("test_f16_a_page_reads_no_more_than_a_page_however_many_there_are"),
    ),
    Mutant(
        name="lists: somebody else's notification is deleted",
        at="adapters/accounts_sql/repositories/notifications.py",
        old="_REMOVE.where",
        new="notifications.delete().where",
        check=sql_contract("TestNotifications::test_one_is_found_by_its_id_and_only_its_users_delete_it[sqlite3]"),
    ),
    Mutant(
        name="lists: the entry at a number comes twice",
        at="adapters/accounts_memory/pages.py::page_below_number",
        old="number(entry) < before",
        new="number(entry) <= before",
        check=memory_contract(
            "TestPaging::test_a_list_by_number_needs_nothing_to_be_at_the_number_that_it_goes_on_from[teams.list_members]"
        ),
    ),
    Mutant(
        name="cleanup: a batch is everything",
        at="adapters/accounts_sql/statements/batches.py::in_batch",
        old="sa.select(*key).where(condition).limit(a_limit())",
        new="sa.select(*key).where(condition, a_limit() > 0)",
        check=sql_contract("TestCleanup::test_f12_a_batch_is_no_larger_than_its_limit[sqlite3-audit]"),
    ),
    Mutant(
        name="cleanup: open verifications end with the others",
        at="adapters/accounts_sql/repositories/cleanup.py",
        old="sa.and_(sa.not_(_IS_OPEN), _until(tables.verifications.c.updated_at))",
        new="_until(tables.verifications.c.updated_at)",
        check=sql_contract("TestCleanup::test_f12_what_has_not_ended_is_no_matter_of_time[sqlite3]"),
    ),
    Mutant(
        name="cleanup: a device ages from its first sign-in",
        at="adapters/accounts_memory/devices.py::MemoryDevices.add",
        old="devices.put(attrs.evolve(device, last_seen_at=at))",
        new="",
        check=_retention("test_f12_a_device_that_is_used_stays_known"),
    ),
    Mutant(
        name="cleanup: one batch of each kind",
        at="accounts_core/use_cases/operations/run_cleanup.py::_each",
        old=("if count < BATCH:\n    return"),
        new="return",
        check=_retention("test_f12_batches_are_told_of_and_an_interruption_loses_nothing"),
    ),
    Mutant(
        name="cleanup: an audit trail that is kept for ninety days",
        at="accounts_core/model/policy.py::RetentionPolicy",
        old="audit: timedelta | None = attrs.field(default=timedelta(days=400), validator=_a_day_or_none)",
        new="audit: timedelta | None = attrs.field(default=timedelta(days=90), validator=_a_day_or_none)",
        check=_retention("test_f12_it_is_kept_to_the_microsecond_and_then_deleted[audit]"),
    ),
    Mutant(
        name="cleanup: attempts are left where they are",
        at="accounts_core/use_cases/operations/run_cleanup.py::RunCleanup._batches",
        old="(limits := self._limits) is not None",
        new="(limits := self._limits) is not None and now is None",
        check=_retention("test_f12_attempts_go_when_they_count_no_more"),
    ),
    Mutant(
        name="export: a host's name hides one of the core's",
        at="accounts_core/use_cases/identity/stream_personal_data.py::StreamPersonalData.__call__",
        old="reversed(self._owned_data)",
        new="self._owned_data",
        check=core("use_cases/test_export.py::test_a_hosts_name_hides_nothing_of_the_cores"),
    ),
    Mutant(
        name="HEAD: an export is read for it",
        at="entrypoints/accounts_http/api/sending.py::send_chunks",
        old=(
            "if is_head:\n"
            "    await chunks.aclose()\n"
            '    await send({"type": "http.response.body", "body": b"", "more_body": False})\n'
            "else:\n"
            "    await _send_each(chunks, receive, send)"
        ),
        new=(
            "if is_head:\n"
            "    async for _ in chunks:\n"
            "        pass\n"
            '    await send({"type": "http.response.body", "body": b"", "more_body": False})\n'
            "else:\n"
            "    await _send_each(chunks, receive, send)"
        ),
        check=http("test_head.py::test_f10_head_of_an_export_reads_none_of_its_pages"),
    ),
    Mutant(
        name="HEAD: Allow does not list it",
        at="entrypoints/accounts_http/hardening.py::ProtectiveHeaders.added_to",
        old="_with_head(value) if header == b'allow' else value",
        new="value",
        check=http("test_head.py::test_f10_allow_lists_head_wherever_it_lists_get"),
    ),
    Mutant(
        name="HEAD: a body goes with it in a host's application",
        at="entrypoints/accounts_litestar/edge/answers.py::AnswerResponse.to_asgi_response",
        old=('if is_head(request.scope):\n    body = b""'),
        new="",
        check=http("test_head.py::test_f10_no_byte_of_a_body_is_handed_to_the_server"),
    ),
    Mutant(
        name="initials: half a flag",
        at="accounts_core/model/graphemes.py::_is_joined",
        old="place - begin == 1 and _is_regional(before)",
        new="False",
        check=core("model/test_initials.py::test_f8_text_is_divided_as_a_reader_sees_it"),
    ),
    Mutant(
        name="initials: of what stands in brackets",
        at="accounts_core/model/initials.py::initials_of",
        old="_without_bracketed_end(name).split() or name.split()",
        new="name.split()",
        check=_initials("Jane Doe (CEO)-JD"),
    ),
)
