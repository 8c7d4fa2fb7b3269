"""Every pattern in the product: those on what clients send, with what is hardest to match, and the others."""

import ast
import re
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.security.linear_work import LARGE, Row, Work, Worst

SRC: Final = Path(__file__).parents[2] / "src"

ANYTHING: Final = tuple(
    Worst(again=again) for again in ("a", "0", "a1_", "[", "\\", ".", "-", ":", "=?", "%", " ", "\u00fc", "\n")
)
"""What is tried on every pattern, beside what is hard for it."""

_JSON: Final = (
    Worst(again='\\"', before="[" * 33 + '"'),  # A1, as it was sent
    Worst(again='"'),
    Worst(again='\\\\"'),
    Worst(again='\\"x'),
    Worst(again='"\\'),
    Worst(again="\\", before='"'),
    Worst(again="x", before='"'),
)
_ADDRESS: Final = (
    Worst(again="a.", after="!!"),
    Worst(again="a", after="("),
    Worst(again="a-", after="-"),
    Worst(again="0.", after="0"),
    Worst(again="a" * 61 + ".", after="-"),
)
_DIGITS: Final = (
    Worst(again="4242 "),
    Worst(again="4 2 "),
    Worst(again="4-----"),
    Worst(again="4------"),
    Worst(again="42424242424 ......"),
    Worst(again="0" * 11 + "a"),
    Worst(again="0123456789abcdef-"),
    Worst(again="abcdef0123456789"),
)
_LOG: Final = (
    Worst(again=":", before="://"),
    Worst(again="a:", before="://"),
    Worst(again="://a:"),
    Worst(again="://a:b"),
    Worst(again="a", before="://"),
    Worst(again="acc_"),
    Worst(again="acc_aaaaa "),
    Worst(again="sk_"),
    Worst(again="_secret_"),
    Worst(again="Bearer "),
    Worst(again="$argon2id$"),
    Worst(again="whsec_"),
)

FROM_CLIENTS: Final[dict[str, tuple[Worst, ...]]] = {
    "accounts_core.model.card_numbers._ROW": _DIGITS,
    "accounts_core.model.card_numbers._GROUP": _DIGITS,
    "accounts_core.model.card_numbers._MADE_BY_MACHINES": _DIGITS,
    "accounts_core.model.card_numbers._NOT_ASCII": (Worst(again="\uff14"),),
    "accounts_core.model.email_address._LOCAL": _ADDRESS,
    "accounts_core.model.email_address._DOMAIN": _ADDRESS,
    "accounts_core.model.email_address._NOT_ASCII": _ADDRESS,
    "accounts_core.model.language_tags._TAG": (
        Worst(again="aa-"),
        Worst(again="aaaaa-"),
        Worst(again="-aaa", before="aa"),
        Worst(again="-aaaaa", before="aa"),
        Worst(again="-a-aa", before="aa", after="-"),
        Worst(again="-a", before="x"),
        Worst(again="-0aaa", before="aa", after="-x"),
    ),
    "accounts_core.model.links._LINK": (
        Worst(again="a."),
        Worst(again="a ."),
        Worst(again="a . "),
        Worst(again="1.1.1."),
        Worst(again="1 2 3-"),
        Worst(again="1-(", before="+"),
        Worst(again="+(1"),
        Worst(again="h__"),
        Worst(again="https"),
        Worst(again="a@ "),
        Worst(again="/ a"),
    ),
    "accounts_core.model.paging._TEXT": (
        Worst(again="p1."),
        Worst(again="p1.AAAAAAAAAAAA"),
        Worst(again="A", before="p1."),
    ),
    "accounts_core.model.paging._KEY": (Worst(again="int_"),),
    "accounts_http.hardening._ALIAS": (
        Worst(again="/"),
        Worst(again="/.x"),
        Worst(again="%2"),
        Worst(again="/%2e%2ex"),
    ),
    "accounts_core.model.profile_data._CONTROL": (Worst(again="\n"), Worst(again="\x85"), Worst(again="\ud800")),
    "accounts_core.model.profile_data._CONTROL_IN_NAME": (Worst(again="\u2028"), Worst(again="\ud800")),
    "accounts_profiles.msgspec_codec._MISSING": (
        Worst(again="Object missing required field `"),
        Worst(again="a", before="Object missing required field `"),
    ),
    "accounts_profiles.msgspec_codec._STEP": (
        Worst(again=".a[0]"),
        Worst(again="[...]"),
        Worst(again="[0"),
        Worst(again="."),
    ),
    "accounts_core.model.text._UNSTORABLE": (Worst(again="\0"), Worst(again="\ud800")),
    "accounts_core.model.tokens._SHAPE": (Worst(again="acc_0"),),
    "accounts_core.services.session_opener._NUMBERS": (Worst(again="537.36 "),),
    "accounts_core.use_cases.cards.verify_card._PAYMENT_METHOD": (Worst(again="pm_"), Worst(again="a", after="-")),
    "accounts_core.use_cases.cards.verify_card._SECRET": (Worst(again="_secret"), Worst(again="sk_")),
    "accounts_http.bodies._STRING": _JSON,
    "accounts_http.bodies._SURROGATE": _JSON,
    "accounts_core.model.ids._NUMBER": (Worst(again="1"),),
    "accounts_http.parameters._TEXT_ID": (Worst(again="pm_"),),
    "accounts_http.mounting._PREFIX": (Worst(again="/a"), Worst(again="/"), Worst(again="a", before="/")),
    "accounts_http.proxies._PORT": (Worst(again=":1"),),
    "accounts_http.hardening._HOST": (
        Worst(again="a."),
        Worst(again=":", before="["),
        Worst(again="a:"),
        Worst(again="["),
    ),
    "accounts_service.masking._LOOKS_SECRET": _LOG,
    "accounts_service.masking._NAMES": (Worst(again="api_"), Worst(again="passwor")),
    "accounts_smtp.composer._PLAIN_ID": (Worst(again="job_"),),
    "accounts_smtp.headers._ATOMS": (Worst(again="a "), Worst(again="a", after=",")),
    "accounts_smtp.headers._ESCAPED": (Worst(again='\\"'),),
    "accounts_stripe.requesting._ID": (Worst(again="pm_"),),
    "accounts_stripe.requesting._PAYMENT_METHOD": (Worst(again="pm_"), Worst(again="card_")),
    "accounts_argon2.encoded._SHAPE": (
        Worst(again="$argon2id$v=19"),
        Worst(again="A", before="$argon2id$m=1,t=1,p=1$"),
    ),
    "accounts_stripe_simulator.lists._CLAUSE": (
        Worst(again="a", after=":"),
        Worst(again='metadata["'),
        Worst(again="'"),
    ),
    "accounts_stripe_simulator.parameters._INDEX": (Worst(again="9"),),
}
"""By where it is."""

NOT_FROM_CLIENTS: Final[dict[str, str]] = {
    "accounts_core.model.audit._WORD": "names of our own classes",
    "accounts_core.services.profile_signature": "our own docstrings",
    "accounts_http.openapi.operations._IN_PATH": "paths of our own calls",
    "accounts_fastapi.call_table": "a list of our own paths; each part of one is `[^/]+`",
    "accounts_fastapi.call_table._PARAMETER": "paths of our own calls",
    "accounts_litestar.routes._PARAMETER": "paths of our own calls",
    "accounts_http.openapi.profile_schema._NOT_IN_NAMES": "the schema of the host application's own type",
    "accounts_sql.migrations.steps": "ids of our own revisions",
    "accounts_sql.migrations.steps._ID": "ids of our own revisions",
    "accounts_sql.tables.location._FORM": "the operator's settings",
    "accounts_sql.tables.location._NAME": "our own statements",
    "accounts_sql.versions": "versions of installed packages",
    "accounts_cli.arguments": "the command line",
    "accounts_service.env_file": "a file of the operator's",
    "accounts_service.env_file._LINE": "a file of the operator's",
    "accounts_service.settings._LOOKS_SECRET": "the operator's settings",
    "accounts_service.parsers": "the operator's settings",
    "accounts_service.parsers._UNSAFE": "the operator's settings",
    "accounts_redis.url._DATABASE": "the operator's settings",
    "accounts_redis.url._UNSAFE": "the operator's settings",
    "accounts_stripe.client._KEY": "the operator's settings",
    "accounts_smtp.locales._TAG": "a tag of the core's, 35 characters at most, and names of the operator's folders",
    "accounts_smtp.rendering._BLANK_LINES": "the operator's templates; what people typed is one line in them",
    "accounts_smtp.rendering._BLOCK": "the operator's templates, matched at the beginning of a paragraph",
    "accounts_smtp.replies._STATUS": "one line of the mail server's, 1,000 characters at most (RFC 5321)",
    "accounts_stripe_simulator.control": "the simulator's, on a return address that the core has checked",
    "accounts_stripe_simulator.customers._EMAIL": "the simulator's, on an address that the core has checked",
    "accounts_stripe_simulator.routes": "a list of our own routes; each part of a path is `[^/]+`",
}


def found_in_source() -> set[str]:
    """Return where `re` is used: the name that a pattern has in its module, or the module alone."""
    return {name for path in SRC.rglob("*.py") for name in _uses(path)}


def _uses(path: Path) -> Iterator[str]:
    parts = path.relative_to(SRC).with_suffix("").parts
    module = ".".join(parts[1:] if parts[0] in {"adapters", "entrypoints"} else parts)
    source = path.read_text()
    if "import re" not in source and "from re" not in source:
        return
    tree = ast.parse(source)
    named: set[ast.AST] = set()
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call) if _is_use(call):
                named.add(call)
                yield f"{module}.{name}"
    if any(_is_use(node) and node not in named for node in ast.walk(tree)):
        yield module
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each.module in {"re", "regex"}:
            yield f"{module}: from {each.module} import"


def _is_use(node: ast.AST) -> bool:
    """Whether this calls something of `re` that takes a pattern."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=attr)):
            return attr != "escape"
    return False


def _pattern(name: str) -> "re.Pattern[Any]":
    module, _, attribute = name.rpartition(".")
    pattern = getattr(import_module(module), attribute)
    assert isinstance(pattern, re.Pattern)
    return pattern


def _use(pattern: "re.Pattern[Any]", text: str) -> Work:
    """Use a pattern in every way: anchored, searched for, and everywhere."""
    raw: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    with_what: Any = b"x" if isinstance(pattern.pattern, bytes) else "x"

    def use() -> None:
        pattern.fullmatch(raw)
        pattern.search(raw)
        pattern.sub(with_what, raw)

    return use


PATTERNS: Final = tuple(
    Row(name=name, make=partial(_use, _pattern(name)), worst=(*worst, *ANYTHING))
    for name, worst in FROM_CLIENTS.items()
)


def _replace(pattern: "re.Pattern[str]", text: str) -> Work:
    return lambda: pattern.sub("", text)


OLD: Final = Row(
    name="the pattern of A1, as it was",
    make=partial(_replace, re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)),
    worst=_JSON[:1],
)
"""Kept to see that the check finds it."""
OLD_MASK: Final = Row(
    name="the pattern for passwords in addresses, as it was",
    make=partial(_replace, re.compile(r"(?<=://)[^/@\s]*:[^/\s]+(?=@)")),
    worst=_LOG[:1],
    large=LARGE // 4,
)
