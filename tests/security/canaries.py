"""Secrets that can be recognised wherever they turn up, and the search for them."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import attrs

LEAST = 10
"""A shorter piece of a secret says nothing about where it came from."""


def forms(secret: str) -> Iterator[bytes]:
    """Yield every way in which a secret may be written down."""
    raw = secret.encode()
    yield raw
    yield raw[::-1]
    yield secret.encode("unicode_escape")
    yield repr(secret)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote(secret).encode()
    yield quote_plus(secret).encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    for each in (raw, raw[::-1]):
        yield each.hex().encode()
        yield each.hex().upper().encode()
        yield each.hex()[::-1].encode()
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            # the characters that are the same whatever stands before and after it
            encoded = encode(bytes(before) + raw + bytes(-(before + len(raw)) % 3))
            yield encoded[4 if before else 0 : -4]


@attrs.define
class Canaries:
    """What must not be found, by name."""

    _forms: dict[bytes, str] = attrs.field(factory=dict, repr=False)
    names: list[str] = attrs.field(factory=list)

    def add(self, name: str, secret: str) -> str:
        assert len(secret) >= LEAST
        self.names.append(name)
        for form in forms(secret):
            assert len(form) >= LEAST
            self._forms[form] = name
        return secret

    def found_in(self, text: str | bytes) -> dict[str, bytes]:
        """Return which of them are somewhere in `text`, however they are written, and what stands before each."""
        raw = as_bytes(text)
        return {
            name: raw[max(0, raw.index(form) - 200) : raw.index(form) + 8]
            for form, name in self._forms.items()
            if form in raw
        }


@attrs.define
class Searched:
    """Everything that was written, said or could be seen, by place."""

    places: dict[str, list[str | bytes]] = attrs.field(factory=dict)

    def add(self, place: str, *texts: str | bytes) -> None:
        self.places.setdefault(place, []).extend(texts)

    def leaks(self, canaries: Canaries) -> dict[str, dict[str, bytes]]:
        """Return which canaries are in which place, and what stands before the first of each."""
        found: dict[str, dict[str, bytes]] = {}
        for place, texts in self.places.items():
            for text in texts:
                for name, where in canaries.found_in(text).items():
                    found.setdefault(place, {}).setdefault(name, where)
        return found

    def has(self, place: str, marker: str) -> bool:
        """Whether something that is no secret is there: that this place was really looked into."""
        return any(marker.encode() in as_bytes(text) for text in self.places.get(place, []))


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
