"""Responses of the in-memory provider: card authentications and pages of lists."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from accounts_core.errors import ProviderRefused
from accounts_core.ports.payment_gateway import Page

CHALLENGE_URL: Final = "https://hooks.stripe.com/redirect/authenticate/"
PAGE: Final = 100

S = TypeVar("S")
T = TypeVar("T")


def next_action(hold_id: str, return_url: str | None) -> Mapping[str, Any]:
    if return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"url": f"{CHALLENGE_URL}{hold_id}", "return_url": return_url},
    }


def page(known: Mapping[str, S], after: str | None, read: Callable[[S], T | None]) -> Page[T]:
    """Return a page. The page is cut before filtering, so that a filtered entry can still be the cursor."""
    newest_first = list(known)[::-1]
    if after is not None and after not in known:
        raise ProviderRefused("resource_missing", "starting_after")
    start = 0 if after is None else newest_first.index(after) + 1
    cut = newest_first[start : start + PAGE]
    items = [item for item in (read(known[each]) for each in cut) if item is not None]
    return Page(items=items, after=cut[-1] if start + PAGE < len(newest_first) else None)
