"""Language tags of BCP 47 (RFC 5646): `de`, `de-AT`, `zh-Hant-TW`, `sl-rozaj-1994`.

A tag is well-formed (RFC 5646, 2.2.9) if it follows the grammar of 2.1. Whether its subtags are registered is not
checked: the registry grows, and a text in an unknown language falls back to another one anyway.
"""

import re
from typing import Final

from accounts_core.errors import Invalid

from .card_numbers import refuse_card_number

MAX_LENGTH: Final = 35
"""RFC 5646, 4.4.1: the longest tag of language, script, region and variants that is to be expected."""

_TAG: Final = re.compile(
    r"""
      (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4,8} )  # language, with extended language subtags
      (?: -[a-z]{4} )?                                  # script
      (?: -(?:[a-z]{2}|[0-9]{3}) )?                     # region
      (?: -(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}) )*        # variants
      (?: -[a-wyz0-9](?:-[a-z0-9]{2,8})+ )*             # extensions
      (?: -x(?:-[a-z0-9]{1,8})+ )?                      # private use
    | x(?:-[a-z0-9]{1,8})+
    """,
    re.VERBOSE,
)
"""In lower case."""

_IRREGULAR: Final = frozenset(
    {
        *("en-gb-oed", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de"),
        *("i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo", "i-navajo"),
        *("i-pwn", "i-tao", "i-tay", "i-tsu"),
    }
)
"""The tags of the grammar that were registered before its rules; no tag can be added to them."""

_REGION, _SCRIPT = 2, 4


def language_tag(field: str, text: str) -> str:
    """Return a well-formed language tag of at most 35 characters, in the case of RFC 5646, 2.1.1.

    Raises:
        Invalid: On `field`: it is too long, no well-formed tag, or has a card number.

    """
    if len(text) > MAX_LENGTH:
        raise Invalid(field, f"At most {MAX_LENGTH} characters, please.")
    refuse_card_number(field, text)  # private use has room for one
    # letters outside ASCII have lower case in ASCII, such as the Kelvin sign
    lower = text.lower() if text.isascii() else ""
    if lower not in _IRREGULAR and _TAG.fullmatch(lower) is None:
        raise Invalid(field, "Use a BCP 47 language tag, such as de-AT.")
    return _in_canonical_case(lower)


def _in_canonical_case(tag: str) -> str:
    """Write regions in capitals and scripts with a capital, but neither at the start nor behind a singleton."""
    first, *others = tag.split("-")
    written, is_behind_singleton = [first], len(first) == 1
    for each in others:
        is_behind_singleton = is_behind_singleton or len(each) == 1
        if is_behind_singleton:
            written.append(each)
        else:
            written.append({_REGION: each.upper(), _SCRIPT: each.capitalize()}.get(len(each), each))
    return "-".join(written)
