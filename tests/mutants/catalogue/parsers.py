"""What clients send: parsers that take too long, mail that is read as more than it is, and card numbers."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_LINEAR: Final = "tests/security/test_linear_work.py"
_IDENTITY: Final = "tests/security/test_email_identity.py"
_MAIL: Final = "tests/integration/smtp/test_hostile_mail.py"
_ADDRESSES: Final = "tests/security/test_mail_addresses.py"
_MESSAGES: Final = "tests/unit/adapters/test_messages.py"
_CARDS: Final = "tests/security/test_card_numbers.py"
_ANY_FIELD: Final = (
    f"{_CARDS}::test_a8_a_card_number_in_any_field_of_any_call_is_refused_and_nowhere_afterwards[memory]"
)
_HEADERS: Final = f"{_CARDS}::test_a8_a_card_number_in_a_header_or_an_address_is_nowhere_afterwards[memory]"

PARSERS: Final = (
    Mutant(
        name="a depth check that scans an unfinished string again from every quote in it",
        file="entrypoints/accounts_litestar/bodies.py",
        old="""r'"(?:[^"\\\\]++|\\\\.)*+"?'""",
        new="""r'"(?:[^"\\\\]|\\\\.)*"'""",
        check=f"{_LINEAR}::test_a1_every_parser_of_what_clients_send_is_linear[JSON]",
    ),
    Mutant(
        name="a depth check that counts brackets in strings",
        file="entrypoints/accounts_litestar/bodies.py",
        old='_STRING.sub("", text).encode(',
        new="text.encode(",
        check=f"{_LINEAR}::test_depth_is_counted_outside_of_strings",
    ),
    Mutant(
        name="a log that looks for a password behind every colon",
        file="entrypoints/accounts_cli/masking.py",
        old=r"[^/@\s:]*+:[^/\s]+(?=@)",
        new=r"[^/@\s]*:[^/\s]+(?=@)",
        check=f"{_LINEAR}::test_a1_every_pattern_on_what_clients_send_is_linear[accounts_cli.masking._LOOKS_SECRET]",
    ),
    Mutant(
        name="a password of nothing but combining marks",
        file="accounts_core/model/passwords.py",
        old="if not is_storable(self.text) or not is_stream_safe(self.text):",
        new="if not is_storable(self.text):",
        check=core("model/test_passwords.py::test_a1_what_would_take_long_to_normalise_is_refused"),
    ),
    Mutant(
        name="a domain of one long label of digits",
        file="entrypoints/accounts_litestar/addresses.py",
        old='            if any(len(label) > MAX_LABEL for label in mapped.split(".")):\n',
        new="            if False:\n",
        check=f"{_IDENTITY}::test_a1_a_label_longer_than_any_is_refused_before_its_digits_are_compared",
    ),
    Mutant(
        name="an address that begins an encoded word",
        file="accounts_core/model/email.py",
        old="    if _ENCODED_WORD in text:\n        return False\n",
        new="",
        check=core("model/test_email.py::test_what_is_no_address_is_refused"),
    ),
    Mutant(
        name="a mail to whatever was stored as an address",
        file="adapters/accounts_smtp/headers.py",
        old="    if not _is_address(email.address):\n",
        new="    if False:\n",
        check=f"{_MAIL}::test_a2_an_address_from_before_the_rule_is_refused_for_good_before_any_server_is_asked",
    ),
    Mutant(
        name="a subject that is read as an encoded word",
        file="adapters/accounts_smtp/text.py",
        old='.replace("=?", "= ?")',
        new="",
        check=f"{_MESSAGES}::test_a2_an_encoded_word_that_somebody_typed_is_never_decoded",
    ),
    Mutant(
        name="a subject that is written as it was typed",
        file="adapters/accounts_smtp/headers.py",
        old='return value if _is_plain(value) else " ".join(_encoded_words(value))',
        new="return value",
        check=f"{_MAIL}::test_a2_no_value_of_any_mail_adds_a_header_a_recipient_or_a_part",
    ),
    Mutant(
        name="a card number for a payment method",
        file="accounts_core/use_cases/verify_card.py",
        old=" or holds_card_number(id):",
        new=":",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a card number in a return address",
        file="accounts_core/use_cases/verify_card.py",
        old='    refuse_card_number_in_url("return_url", url)\n',
        new="",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a return address whose card number is percent-encoded",
        file="accounts_core/model/card_numbers.py",
        old="        url = unquote(url)\n",
        new="",
        check=core("model/test_card_numbers.py::test_a_card_number_in_a_url_is_refused_however_it_is_encoded"),
    ),
    Mutant(
        name="a card number for a name",
        file="accounts_core/model/text.py",
        old="        refuse_card_number(field, text)\n",
        new="        pass\n",
        check=_ANY_FIELD,
    ),
    Mutant(
        name="a card number in a user agent",
        file="accounts_core/model/session.py",
        old="        if user_agent is not None and holds_card_number(user_agent):\n            user_agent = None\n",
        new="",
        check=_HEADERS,
    ),
    Mutant(
        name="a card number for the name of a field, repeated in a kept answer",
        file="entrypoints/accounts_litestar/bodies.py",
        old="    if may_hold_card_number(name):\n        return",
        new="    if False:\n        return",
        check=f"{_CARDS}::test_a8_a_card_number_as_a_fields_name_is_not_repeated[memory]",
    ),
    Mutant(
        name="an id that is no payment method's, sent to Stripe",
        file="adapters/accounts_stripe/operations.py",
        old="    methods = list(call.path) if call.service == PAYMENT_METHODS else []\n",
        new="    methods: list[str] = []\n",
        check=f"{_CARDS}::test_a8_what_is_no_payment_methods_id_never_reaches_stripe[memory]",
    ),
    Mutant(
        name="digits of one script alone",
        file="accounts_core/model/card_numbers.py",
        old="return text if text.isascii() else _NOT_ASCII.sub(_ascii_digit, text)",
        new="return text",
        check=_ANY_FIELD,
    ),
)
