"""Detection of names that a mail program may turn into a link.

A person who signs up or creates a team chooses a name and the address that it is mailed to. A name such as
`Win 1000 USD at x.example` would make the service send spam links. Mail programs detect links in plain text by
different rules, so the rule here is wider than any of theirs. A name that it takes for a link is omitted from mails,
and neutral words replace it. So a false positive, such as `Node.js`, does little harm.

A name counts as a link if, as displayed (in NFKC, without invisible characters, and with look-alikes of dots, slashes
and colons replaced), it has

- a dot between two words of which the second begins with two letters or more: `x.example`, `www.x`, not `J. R. Doe`,
  `Dr. Roe`, `Ph.D.`, `v2.0`. A space before the dot makes no difference; a space only after it ends the word;
- an IPv4 address;
- a scheme: `https:`, `hxxp:`, `javascript:` and the like, or a colon between two letters;
- two slashes or backslashes in a row;
- an `@` between two characters, as an email address has;
- a phone number: nine digits or more, seven after a `+`, with few characters between them.

Words such as `x dot example` are not a link in any mail program, and are accepted.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from .text import BLANK, is_stream_safe

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Mc", "Me"})
_DOTS: Final = "\u06d4\u0701\u0702\u2024\u3002\ua4f8\ua60e\ufe52\uff0e\uff61\U00010a50"
"""Characters that are mapped to a dot in a host name (UTS #46), or look like one."""
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
    """Return whether a mail program may turn `text` or a part of it into a link."""
    if not is_stream_safe(text):
        return True  # normalising such text is slow
    shown = unicodedata.normalize("NFKC", text).translate(_AS_SHOWN)
    seen = "".join(each for each in shown if each not in BLANK and unicodedata.category(each) not in _INVISIBLE)
    return _LINK.search(" ".join(seen.split())) is not None


def without_links(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names that no mail program turns into a link."""
    return {name: text for name, text in names.items() if not reads_as_link(text)}
