"""Language tags, by the grammar and the examples of RFC 5646."""

import re

import pytest

from accounts_core.errors import Invalid
from accounts_core.model.language_tags import MAX_LENGTH, language_tag

WELL_FORMED = [
    "de",
    "fr",
    "ja",
    "i-enochian",
    "zh-Hant",
    "zh-Hans",
    "sr-Cyrl",
    "sr-Latn",
    "zh-cmn-Hans-CN",
    "cmn-Hans-CN",
    "zh-yue-HK",
    "yue-HK",
    "zh-Hans-CN",
    "sr-Latn-RS",
    "sl-rozaj",
    "sl-rozaj-biske",
    "sl-nedis",
    "de-CH-1901",
    "sl-IT-nedis",
    "hy-Latn-IT-arevela",
    "de-DE",
    "en-US",
    "es-419",
    "de-CH-x-phonebk",
    "az-Arab-x-aze-derbend",
    "x-whatever",
    "qaa-Qaaa-QM-x-southern",
    "de-Qaaa",
    "sr-Latn-QM",
    "sr-Qaaa-RS",
    "en-US-u-islamcal",
    "zh-CN-a-myext-x-private",
    "en-a-myext-b-another",
    "ar-a-aaa-b-bbb-a-ccc",
    "en-GB-oed",
    "sgn-BE-FR",
    "art-lojban",
    "zh-min-nan",
    "en-CA-x-ca",
    "az-Latn-x-latn",
    "sl-rozaj-1994",
    "de-1a2b",
    "abcde",
    "abc-def-ghi-jkl",
]
"""The examples of appendix A, in the case in which it writes them, and some of ours."""


@pytest.mark.parametrize("tag", WELL_FORMED)
def test_a_well_formed_tag_is_kept_in_its_canonical_case(tag: str) -> None:
    assert language_tag("locale", tag) == tag
    assert language_tag("locale", tag.upper()) == tag
    assert language_tag("locale", tag.lower()) == tag


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "a-DE",
            "d",
            "de-419-DE",
            "de--DE",
            "-de",
            "de-",
            "de_AT",
            " de",
            "de ",
            "de\n",
            "de-AT\0",
            "1a",
            "123",
        ),
        *("de-x", "x", "x-", "de-a", "de-a-b", "de-a-x-b", "i-unknown", "abcdefghi", "de-abcdefghi", "de-12", "de-1a2"),
        *("abcd-efg", "de-DE-Latn", "de-AT-CH", "zh-abc-def-ghi-jkl"),
        *("\u212ao", "d\u0131", "\uff44\uff45", "de-\u0661\u0669\u0660", "\u017fr", "\ud800"),
    ],
)
def test_what_breaks_the_grammar_is_refused(tag: str) -> None:
    with pytest.raises(Invalid, match=re.escape("Use a BCP 47 language tag, such as de-AT.")) as caught:
        language_tag("locale", tag)

    assert caught.value.field == "locale"


def test_a_tag_has_35_characters_at_most() -> None:
    longest = "de-x-abcdefgh-abcdefgh-abcdefgh-abc"
    assert len(longest) == MAX_LENGTH == 35

    assert language_tag("locale", longest) == longest
    with pytest.raises(Invalid, match="At most 35 characters"):
        language_tag("locale", longest + "d")
