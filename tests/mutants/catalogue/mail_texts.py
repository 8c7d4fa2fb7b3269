"""The texts of mails: what people typed stays text, and each is in the language and the zone of its reader."""

from typing import Final

from tests.mutants.mutant import Mutant

_TEXTS: Final = "tests/integration/smtp/test_mail_texts.py"
_TEMPLATES: Final = "tests/integration/smtp/test_mail_templates.py"
_WORST: Final = f"{_TEXTS}::test_every_text_holds_the_worst_that_people_type[invitation-en]"
_BROKEN: Final = f"{_TEMPLATES}::test_a_broken_file_stops_the_start_and_is_named_with_its_line"
_SMTP: Final = "tests/integration/smtp/test_smtp_mailer.py"

MAIL_TEXTS: Final = (
    Mutant(
        name="mails: a name that is markup in the page",
        at="adapters/accounts_smtp/typed.py::Typed.__html__",
        old="escape(str.__str__(self))",
        new="str.__str__(self)",
        check=_WORST,
    ),
    Mutant(
        name="mails: a page that escapes nothing",
        at="adapters/accounts_smtp/rendering.py::Renderer.over",
        old="_environment(loader, is_html=True)",
        new="_environment(loader, is_html=False)",
        check=_WORST,
    ),
    Mutant(
        name="mails: a name from right to left that turns its sentence",
        at="adapters/accounts_smtp/typed.py::Typed.__str__",
        old="plain and turns",
        new="False",
        check=f"{_TEXTS}::test_a_name_stays_a_unit_in_its_sentence",
    ),
    Mutant(
        name="mails: a name that ends its own isolation",
        at="adapters/accounts_smtp/text.py::one_line",
        old="unicodedata.bidirectional(c) not in _TURNING",
        new="True",
        check=f"{_TEXTS}::test_a_name_stays_a_unit_in_its_sentence",
    ),
    Mutant(
        name="mails: a name of several lines that begins a paragraph",
        at="adapters/accounts_smtp/typed.py::Typed.__new__",
        old="one_line(text)",
        new="text",
        check=_WORST,
    ),
    Mutant(
        name="mails: plain text that is markup in the page",
        at="adapters/accounts_smtp/rendering.py::_EscapeText._escaped",
        old="str(escape(token.value))",
        new="token.value",
        check=f"{_TEMPLATES}::test_the_body_makes_both_parts_and_its_html_is_replaced_alone",
    ),
    Mutant(
        name="mails: templates that reach into Python",
        at="adapters/accounts_smtp/rendering.py::_environment",
        old="ImmutableSandboxedEnvironment",
        new="Environment",
        check=f"{_BROKEN}[a way into Python]",
    ),
    Mutant(
        name="mails: a token in a subject",
        at="adapters/accounts_smtp/variables.py::_in_subject",
        old="name not in {'token', 'link'}",
        new="True",
        check=f"{_BROKEN}[a link in a subject]",
    ),
    Mutant(
        name="mails: a button to wherever a template says",
        at="adapters/accounts_smtp/rendering.py::_require_link",
        old="isinstance(url, Typed) or not url.startswith(_LINK)",
        new="isinstance(url, Typed)",
        check=f"{_BROKEN}[a button to elsewhere]",
    ),
    Mutant(
        name="mails: a template that is not tried without what may be missing",
        at="adapters/accounts_smtp/samples.py::check_templates",
        old="(True, False)",
        new="(True,)",
        check=f"{_BROKEN}[a variable that may be missing]",
    ),
    Mutant(
        name="mails: a value in the reason why a template failed",
        at="adapters/accounts_smtp/rendering.py::_without_values",
        old="any((each in text for each in values))",
        new="False",
        check=f"{_TEMPLATES}::test_a_template_that_fails_with_some_values_only_refuses_that_mail_and_shows_no_value",
    ),
    Mutant(
        name="mails: English for an Austrian",
        at="adapters/accounts_smtp/mail_templates.py::MailTemplates._search",
        old="yield from parents_of(locale.replace('_', '-').lower())",
        new="yield locale.replace('_', '-').lower()",
        check=f"{_TEMPLATES}::test_a_mail_is_in_the_first_language_that_has_its_body",
    ),
    Mutant(
        name="mails: French dates in an English text",
        at="adapters/accounts_smtp/formats.py::Formats.of",
        old="each and _spoken(each) == spoken",
        new="each",
        check=f"{_TEXTS}::test_a_time_is_that_of_the_persons_zone_in_the_words_of_their_locale",
    ),
    Mutant(
        name="mails: a time zone that is said and not used",
        at="adapters/accounts_smtp/formats.py::Formats.moment",
        old="at.astimezone(self._time_zone or UTC)",
        new="at.astimezone(UTC)",
        check=f"{_TEXTS}::test_a_time_is_that_of_the_persons_zone_in_the_words_of_their_locale",
    ),
    Mutant(
        name="mails: a function's error with the mail in it",
        at="adapters/accounts_smtp/function.py::_away",
        old="Unavailable(f'A mail was not sent: {type(error).__name__}.')",
        new="Unavailable(f'A mail was not sent: {error}.')",
        check=(
            "tests/integration/smtp/test_function_mailer.py::"
            "test_any_other_error_is_one_to_retry_and_its_text_is_not_told"
        ),
    ),
    Mutant(
        name="blocking smtp: mail in the clear where STARTTLS is stripped",
        at="adapters/accounts_smtp/blocking_smtp.py::BlockingSmtpMailer._secure",
        old="server.has_extn('starttls') or not self.url.is_loopback",
        new="server.has_extn('starttls')",
        check=f"{_SMTP}::test_nothing_is_sent_in_the_clear_to_another_machine",
    ),
    Mutant(
        name="blocking smtp: a mail that takes as long as its server likes",
        at="adapters/accounts_smtp/blocking_smtp.py::_Client.left",
        old="min(self._each, self._end - monotonic())",
        new="3",
        check=f"{_SMTP}::test_a12_a_server_that_answers_each_command_just_in_time_is_not_waited_for_either",
    ),
    Mutant(
        name="mails: a child that waits for a mail of its parent's",
        at="adapters/accounts_smtp/fork_safe.py::_Lock._hold",
        old="self.lock.acquire()",
        new="None",
        check=(
            "tests/integration/forks/test_adapters.py::"
            "test_f1_a_fork_waits_for_a_mail_that_is_being_rendered_so_that_its_libraries_locks_are_free"
        ),
    ),
)
