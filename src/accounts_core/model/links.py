"""Which names a mail program would turn into a link.

Whoever signs up or founds a team chooses a name and whose mailbox it is sent to, so a name such as
`Win 1000 USD at x.example` would make the service send other people's links. Mail programs find links in plain text by
rules of their own, so the rule here is wider than any of theirs: what it takes for a link is left out of a mail, and
neutral words take its place. A name that is none by mistake, such as `Node.js`, costs no more than that.

It is a link when, as it is shown (in NFKC, without what is invisible, and with look-alikes of dots, slashes and colons
as those), it has

- a dot between two words of which the second begins with two letters or more: `x.example`, `www.x`, not `J. R. Doe`,
  `Dr. Roe`, `Ph.D.`, `v2.0`. With a blank before the dot, too; one after it alone ends the word;
- an IPv4 address;
- a scheme: `https:`, `hxxp:`, `javascript:` and the like, or a colon between two letters;
- two slashes or backslashes in a row;
- an `@` between two characters, as an email address has;
- a phone number: nine digits or more, seven after a `+`, with little between them.

Words such as `x dot example` are no link in any mail program, and stay.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from .text import BLANK, is_stream_safe

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Mc", "Me"})
_DOTS: Final = "\u06d4\u0701\u0702\u2024\u3002\ua4f8\ua60e\ufe52\uff0e\uff61\U00010a50"
"""What is taken for a dot in a host name (UTS 46), or looks like one."""
_SLASHES: Final = "\u2044\u2215\u2571\u29f8\u3033\uff0f"
_COLONS: Final = "\u02f8\u2236\ua789\ufe13\ufe55\uff1a"
_AS_SHOWN: Final = str.maketrans(
    {
        **dict.fromkeys(_DOTS, "."),
        **dict.fromkeys(_SLASHES, "/"),
        **dict.fromkeys(_COLONS, ":"),
        "\u2216": "\\",
        "\u29f5": "\\",
        "\u29f9": "\\",
    }
)
_SCHEMES: Final = "https?|hxxps?|h..ps?|ftps?|sftp|mailto|tel|sms|callto|javascript|vbscript|skype"
_LINK: Final = re.compile(
    r"[\w-](?:\.| \. ?)[^\W\d_][\w-]"  # a host name
    r"|(?<![\w./])\d{1,3}(?:\.\d{1,3}){3}"  # an IPv4 address
    r"|\bwww ?\."
    rf"|\b(?:{_SCHEMES}) ?:"
    r"|[^\W\d_]:[^\W\d_]"
    r"|/ ?/|\\ ?\\"
    r"|[^\s@]@[^\s@]"
    r"|(?:\d[ ()./+-]{0,3}){8}\d|\+ ?\(?(?:\d[ ()./+-]{0,3}){6}\d",
    re.IGNORECASE,
)


def reads_as_link(text: str) -> bool:
    """Return whether a mail program may make a link of `text` or of a part of it."""
    if not is_stream_safe(text):
        return True  # normalising it could take long
    shown = unicodedata.normalize("NFKC", text).translate(_AS_SHOWN)
    seen = "".join(each for each in shown if each not in BLANK and unicodedata.category(each) not in _INVISIBLE)
    return _LINK.search(" ".join(seen.split())) is not None


def without_links(names: Mapping[str, str]) -> dict[str, str]:
    """Return those of the names that no mail program makes a link of."""
    return {name: text for name, text in names.items() if not reads_as_link(text)}
