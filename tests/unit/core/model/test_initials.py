"""F8: initials are whole graphemes, letters before punctuation, by a rule that is written down."""

import unicodedata

import pytest

from accounts_core.model.graphemes import graphemes
from accounts_core.model.initials import initials_of
from accounts_core.testing.builders import a_user

FLAG = "\U0001f1eb\U0001f1f7"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
HEART = "\u2764\ufe0f\u200d\U0001f525"
KEYCAP = "1\ufe0f\u20e3"


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Jane Doe", "JD"),
        ("jane doe", "JD"),
        ("Jane", "J"),
        ("Jane Mary van der Doe", "JD"),
        ("Jane Doe (CEO)", "JD"),
        ("Jane Doe [she/her] (CEO)", "JD"),
        ("Jane Doe (CEO (acting))", "JD"),
        ("Jane (Janie) Doe", "JD"),
        ("(Jane) Doe", "JD"),
        ("(Jane)", "J"),
        ("Jane Doe )", "JD"),
        ("Jane Doe (", "JD"),
        ("(Jane", "J"),
        ('"Jane" \u00abDoe\u00bb', "JD"),
        ("- Jane - Doe -", "JD"),
        ("Jane, Dr.", "JD"),
        ("'t Hooft", "TH"),
        ("7 Eleven", "7E"),
        ("...", "."),
        (f"{FLAG}Jane Doe", "JD"),
        (f"{FLAG} {FLAG}", FLAG * 2),
        (f"{FAMILY} Doe", f"{FAMILY}D"),
        (f"{THUMB} {SCOTLAND}", THUMB + SCOTLAND),
        (HEART, HEART),
        (KEYCAP, KEYCAP),
        ("\u00dfeta Doe", "\u00dfD"),
        ("\ufb01ona Doe", "FD"),
        ("\ufb03 \u0133sbrand", "F\u0132"),
        ("\u01c6ordje Doe", "\u01c4D"),
        ("\u00e9mile Zola", "\u00c9Z"),
        ("e\u0301mile Zola", "\u00c9Z"),
        ("z\u030c\u0323\u0301ana Doe", "\u017d\u0323\u0301D"),
        ("\u05d9\u05e2\u05dc \u05db\u05d4\u05df", "\u05d9\u05db"),
        ("\u0641\u0627\u0637\u0645\u0629 \u0632\u0647\u0631\u0627\u0621", "\u0641\u0632"),
        ("\u1112\u1161\u11ab \uae40", "\u1112\u1161\u11ab\uae40"),
        ("\u0928\u093f\u0930\u091e\u094d\u091c\u0928", "\u0928\u093f"),
        ("\u738b\u5c0f\u660e", "\u738b"),
        ("", ""),
    ],
)
def test_f8_the_initials_of(name: str, initials: str) -> None:
    assert unicodedata.normalize("NFC", initials_of(name)) == unicodedata.normalize("NFC", initials)
    assert a_user(name=name).initials == initials_of(name)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ab", ["a", "b"]),
        (FLAG * 2 + "\U0001f1eb", [FLAG, FLAG, "\U0001f1eb"]),
        ("a" + FLAG, ["a", FLAG]),
        (FAMILY + THUMB, [FAMILY, THUMB]),
        ("e\u0301\u0323x", ["e\u0301\u0323", "x"]),
        ("a\u200db", ["a\u200d", "b"]),
        (SCOTLAND + KEYCAP, [SCOTLAND, KEYCAP]),
        ("\uac00\u11a8\uac01", ["\uac00\u11a8", "\uac01"]),
        ("\u1100\u1100\u1161\u11a8\u1161", ["\u1100\u1100\u1161\u11a8", "\u1161"]),
        ("\u0600\u0661\u0661", ["\u0600\u0661", "\u0661"]),
        ("", []),
    ],
)
def test_f8_text_is_divided_as_a_reader_sees_it(text: str, parts: list[str]) -> None:
    assert list(graphemes(text)) == parts
