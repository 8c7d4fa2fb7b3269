"""What clients send: parsers that take too long, mail that is read as more than it is, and card numbers."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_LINEAR: Final = "tests/security/test_linear_work.py"
_IDENTITY: Final = "tests/security/test_email_identity.py"
_MAIL: Final = "tests/integration/smtp/test_hostile_mail.py"
_ADDRESSES: Final = "tests/security/test_mail_addresses.py"
_MESSAGES: Final = "tests/integration/smtp/test_messages.py"
_CARDS: Final = "tests/security/test_card_numbers.py"
_ANY_FIELD: Final = (
    f"{_CARDS}::test_a8_a_card_number_in_any_field_of_any_call_is_refused_and_nowhere_afterwards[memory]"
)
_HEADERS: Final = f"{_CARDS}::test_a8_a_card_number_in_a_header_or_an_address_is_nowhere_afterwards[memory]"

PARSERS: Final = (
    Mutant(
        name="a depth check that scans an unfinished string again from every quote in it",
        at="entrypoints/accounts_http/bodies.py",
        old='\'"(?:[^"\\\\\\\\]++|\\\\\\\\.)*+"?\'',
        new='\'"(?:[^"\\\\\\\\]|\\\\\\\\.)*"\'',
        check=f"{_LINEAR}::test_a1_every_parser_of_what_clients_send_is_linear[JSON]",
    ),
    Mutant(
        name="a depth check that counts brackets in strings",
        at="entrypoints/accounts_http/bodies.py::_is_deep",
        old="_STRING.sub('', text)",
        new="text",
        check=f"{_LINEAR}::test_depth_is_counted_outside_of_strings",
    ),
    Mutant(
        name="a log that looks for a password behind every colon",
        at="entrypoints/accounts_service/masking.py",
        old="'(?<=://)[^/@\\\\s:]*+:[^/\\\\s]+(?=@)'",
        new="'(?<=://)[^/@\\\\s]*:[^/\\\\s]+(?=@)'",
        check=f"{_LINEAR}::test_a1_every_pattern_on_what_clients_send_is_linear[accounts_service.masking._LOOKS_SECRET]",
    ),
    Mutant(
        name="a password of nothing but combining marks",
        at="accounts_core/model/passwords.py::Password.__attrs_post_init__",
        old="not is_storable(self.text) or not is_stream_safe(self.text)",
        new="not is_storable(self.text)",
        check=core("model/test_passwords.py::test_a1_what_would_take_long_to_normalise_is_refused"),
    ),
    Mutant(
        name="a domain of one long label of digits",
        at="entrypoints/accounts_http/email_addresses.py::_read",
        old="any((len(label) > MAX_LABEL for label in mapped.split('.')))",
        new="False",
        check=f"{_IDENTITY}::test_a1_a_label_longer_than_any_is_refused_before_its_digits_are_compared",
    ),
    Mutant(
        name="an address that begins an encoded word",
        at="accounts_core/model/email_address.py::_is_local_part",
        old=("if _ENCODED_WORD in text:\n    return False"),
        new="",
        check=core("model/test_email.py::test_what_is_no_address_is_refused"),
    ),
    Mutant(
        name="a mail to whatever was stored as an address",
        at="adapters/accounts_smtp/headers.py::mailbox",
        old="not _is_address(email.address)",
        new="False",
        check=f"{_MAIL}::test_a2_an_address_from_before_the_rule_is_refused_for_good_before_any_server_is_asked",
    ),
    Mutant(
        name="a subject that is read as an encoded word",
        at="adapters/accounts_smtp/text.py::for_header",
        old="''.join((' ' if unicodedata.category(c) in _BREAKS else c for c in text)).replace('=?', '= ?')",
        new="''.join((' ' if unicodedata.category(c) in _BREAKS else c for c in text))",
        check=f"{_MESSAGES}::test_a2_an_encoded_word_that_somebody_typed_is_never_decoded",
    ),
    Mutant(
        name="a subject that is written as it was typed",
        at="adapters/accounts_smtp/headers.py::text",
        old="value if _is_plain(value) else ' '.join(_encoded_words(value))",
        new="value",
        check=f"{_MAIL}::test_a2_no_value_of_any_mail_adds_a_header_a_recipient_or_a_part",
    ),
    Mutant(
        name="a card number for a payment method",
        at="accounts_core/use_cases/cards/verify_card.py::_checked_payment_method",
        old="len(id) > MAX_ID or not _PAYMENT_METHOD.fullmatch(id) or _SECRET.search(id) or holds_card_number(id)",
        new="len(id) > MAX_ID or not _PAYMENT_METHOD.fullmatch(id) or _SECRET.search(id)",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a card number in a return address",
        at="accounts_core/use_cases/cards/verify_card.py::_checked_return_url",
        old="refuse_card_number_in_url('return_url', url)",
        new="",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a return address whose card number is percent-encoded",
        at="accounts_core/model/card_numbers.py::_decoded",
        old="url = unquote(url)",
        new="",
        check=core("model/test_card_numbers.py::test_a_card_number_in_a_url_is_refused_however_it_is_encoded"),
    ),
    Mutant(
        name="a card number for a name",
        at="accounts_core/model/text.py::display_name",
        old="refuse_card_number(field, text)",
        new="",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a card number in a user agent",
        at="accounts_core/model/session.py::Session.begin",
        old=("if user_agent is not None and holds_card_number(user_agent):\n    user_agent = None"),
        new="",
        check=_HEADERS,
    ),
    Mutant(
        name="a card number for the name of a field, repeated in a kept answer",
        at="entrypoints/accounts_http/bodies.py::_shown",
        old="may_hold_card_number(name)",
        new="False",
        check=f"{_CARDS}::test_a8_a_card_number_as_a_fields_name_is_not_repeated[memory]",
    ),
    Mutant(
        name="an id that is no payment method's, sent to Stripe",
        at="adapters/accounts_stripe/requesting.py::check_ids",
        old="methods = list(call.path) if call.service == PAYMENT_METHODS else []",
        new="methods: list[str] = []",
        check=f"{_CARDS}::test_a8_what_is_no_payment_methods_id_never_reaches_stripe[memory]",
    ),
    Mutant(
        name="digits of one script alone",
        at="accounts_core/model/card_numbers.py::_with_ascii_digits",
        old="text if text.isascii() else _NOT_ASCII.sub(_ascii_digit, text)",
        new="text",
        check=_ANY_FIELD,
    ),
)
