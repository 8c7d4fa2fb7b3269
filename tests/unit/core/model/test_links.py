"""F5: which names a mail program would turn into a link."""

import pytest

from accounts_core.model.links import reads_as_link, without_links
from accounts_core.model.text import MAX_LINE

LINKS = {
    "a web address": "Win 1000 USD at https://x.example",
    "plain HTTP": "http://x.example/a?b=c",
    "upper case": "HTTPS://X.EXAMPLE",
    "a scheme that people write to disarm a link": "hxxps://x",
    "a defanged scheme with a blank": "hxxp ://x",
    "a single-slash scheme": "https:/x",
    "a scheme without slashes": "javascript:alert(1)",
    "a scheme and a blank": "javascript: alert(1)",
    "a mail scheme": "mailto:win@x",
    "an unknown scheme": "zoommtg:join",
    "no scheme": "//x/y",
    "a share": "\\\\server\\share",
    "slashes apart": "h t t p : / / x",
    "a bare domain": "x.example",
    "a domain among words": "visit x.example now",
    "a domain after a bracket": "(x.example)",
    "a subdomain and a path": "a.b.x.example/y",
    "a blank before the dot": "x .example",
    "blanks around the dot": "x . example",
    "no-break spaces around the dot": "x\u00a0.\u00a0example",
    "www": "www.7",
    "an email address": "win@x.example",
    "an address without a dot": "win@localhost",
    "an IPv4 address": "go to 192.0.2.7",
    "a domain of another script": "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "a domain with marks that are letters": "\u0909\u0926\u093e\u0939\u0930\u0923.\u092d\u093e\u0930\u0924",
    "an umlaut, decomposed": "bu\u0308cher.example",
    "punycode": "xn--bcher-kva.xn--p1ai",
    "an ideographic full stop (UTS 46)": "x\u3002example",
    "a full-width full stop (UTS 46)": "x\uff0eexample",
    "a half-width ideographic full stop (UTS 46)": "x\uff61example",
    "a one dot leader": "x\u2024example",
    "a small full stop": "x\ufe52example",
    "an Arabic full stop": "x\u06d4example",
    "a Lisu dot": "x\ua4f8example",
    "a number with its full stop": "\u2488example",
    "full-width letters": "\uff57\uff57\uff57\uff0e\uff58\uff0e\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45",
    "circled letters": "\u24e6\u24e6\u24e6.\u24e7\u24e8",
    "a full-width at": "win\uff20x",
    "a small at": "win\ufe6bx",
    "a fraction slash": "x:\u2044\u2044y",
    "a division slash": "x:\u2215\u2215y",
    "full-width colon and slashes": "https\uff1a\uff0f\uff0fx",
    "a ratio for a colon": "https\u2236x",
    "a zero width space": "x\u200b.\u200bexample",
    "a zero width joiner": "x\u200d.example",
    "a word joiner": "x.\u2060example",
    "a byte order mark": "x.\ufeffexample",
    "a soft hyphen": "x\u00ad.example",
    "a combining mark on the dot": "x.\u0301example",
    "a combining grapheme joiner": "x\u034f.example",
    "a letter that shows nothing": "x.\u3164example",
    "a blank Braille pattern": "x\u2800.example",
    "an international phone number": "call +1 (800) 555-0100",
    "a phone number with dots": "030.1234.5678",
    "digits of another script": "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    "more marks in a row than any language has": "a" + "\u0315\u0301" * 40,
    "at the end of a very long name": "x" * MAX_LINE + ".example",
}
NO_LINKS = {
    "a name": "Jane Doe",
    "initials": "J. R. R. Tolkien",
    "initials without blanks": "J.R.R. Tolkien",
    "a title": "Dr. Roe",
    "a degree": "Jane Doe, Ph.D.",
    "a saint": "St. John",
    "a company": "Acme Inc.",
    "a version": "Rocket 2.0",
    "a time": "10:30 club",
    "a remark": "Re: shelves",
    "a year and a year": "Class of 2023/2024",
    "a slash": "AC/DC 24/7",
    "an apostrophe": "O\u2019Neil",
    "a handle": "@jane",
    "a bracket": "Jane Doe (CEO)",
    "a Japanese name": "\u30b8\u30e7\u30f3\u30fb\u30b9\u30df\u30b9",
    "a full stop that belongs to the name": "\u30e2\u30fc\u30cb\u30f3\u30b0\u5a18\u3002",
    "a Catalan name": "Marcel\u00b7l\u00ed",
    "a Hindi name": "\u0926\u0941\u0903\u0916",
    "Arabic": "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u0627",
    "an emoji": "\u00dcn\u00efc\u00f8de \U0001f469\u200d\U0001f680",
    "a local number": "Extension 555-0100",
    "words": "x dot example",
    "an ellipsis": "wait... what",
    "nothing": "",
}


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS)
def test_f5_a_mail_program_may_make_a_link_of(text: str) -> None:
    assert reads_as_link(text)
    assert reads_as_link(f"Jane {text} Doe")


@pytest.mark.parametrize("text", NO_LINKS.values(), ids=NO_LINKS)
def test_f5_no_mail_program_makes_a_link_of(text: str) -> None:
    assert not reads_as_link(text)


@pytest.mark.parametrize("text", ["Node.js", "We love .NET", "Team:A"])
def test_f5_the_rule_is_wider_than_mail_programs_are(text: str) -> None:
    """No list of top-level domains is kept here, so what could be one counts. It costs a neutral word in a mail."""
    assert reads_as_link(text)


AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1",
    "curl/8.5.0",
]


@pytest.mark.parametrize("agent", AGENTS)
def test_f5_what_browsers_call_themselves_is_no_link(agent: str) -> None:
    assert not reads_as_link(agent)


def test_f5_only_names_that_are_no_links_are_left() -> None:
    assert without_links({"team": "x.example", "invited_by": "Jane Doe"}) == {"invited_by": "Jane Doe"}
