from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias, get_args

from accounts_core.errors import ProviderAmbiguous
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import Hold, HoldStatus, PaymentGateway
from accounts_core.ports.secrets import Secrets
from accounts_memory import MemoryGateway
from accounts_memory.stripe_cards import TEST_CARDS

CardName: TypeAlias = Literal[
    "success",
    "visa",
    "mastercard",
    "amex",
    "needs_authentication",
    "declined",
    "insufficient_funds",
    "lost",
    "stolen",
    "expired",
    "incorrect_cvc",
    "processing_error",
    "velocity_exceeded",
    "declined_hold",
]
"""Names of test cards: their outcome, or their brand."""

_TOKENS: Final[Mapping[CardName, str]] = {
    "success": "pm_card_visa",
    "visa": "pm_card_visa",
    "mastercard": "pm_card_mastercard",
    "amex": "pm_card_amex",
    "needs_authentication": "pm_card_authenticationRequired",
    "declined": "pm_card_chargeDeclined",
    "insufficient_funds": "pm_card_chargeDeclinedInsufficientFunds",
    "lost": "pm_card_chargeDeclinedLostCard",
    "stolen": "pm_card_chargeDeclinedStolenCard",
    "expired": "pm_card_chargeDeclinedExpiredCard",
    "incorrect_cvc": "pm_card_chargeDeclinedIncorrectCvc",
    "processing_error": "pm_card_chargeDeclinedProcessingError",
    "velocity_exceeded": "pm_card_chargeDeclinedVelocityLimitExceeded",
    "declined_hold": "pm_card_chargeCustomerFail",
}
_CALLS: Final = sorted(name for name in vars(PaymentGateway) if not name.startswith("_"))
_OPEN: Final = {HoldStatus.HELD: "held", HoldStatus.CHALLENGED: "waits for card authentication"}


class CardGateway(MemoryGateway):
    """The payment provider of a test: it has Stripe's test cards, moves no money and calls nobody.

    Test cards are known by what they do, `card_gateway.card("declined")`. Beside this class's own methods there are
    those of `MemoryGateway`, such as `calls`, `holds`, `set_balance` and `fail_next`.
    """

    def __init__(self, clock: Clock, secrets: Secrets) -> None:
        super().__init__(clock, secrets)
        self._around: list[Callable[[], None]] = []

    def card(self, name: CardName | str) -> str:
        """Return the payment method id of a test card, for `verify_card`. Stripe's own ids are returned as they are.

        Raises:
            ValueError: No such test card; the message says which there are.

        """
        if name in TEST_CARDS:
            return name
        token = {str(each): token for each, token in _TOKENS.items()}.get(name)
        if token is None:
            near = get_close_matches(name, [*get_args(CardName), *TEST_CARDS], n=1, cutoff=0.6)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"There is no test card {name!r}.{meant} There are {', '.join(get_args(CardName))}.")
        return token

    def complete_challenge(self, verification_id: str | None = None) -> None:
        """Answer the bank's question, as the cardholder does. Then call `verify_card` again.

        Args:
            verification_id: The verification that waits (`ActionRequired.verification_id`); None for the only one.

        Raises:
            AssertionError: No verification waits, or several do and none of them is named.

        """
        __tracebackhide__ = True
        self.authenticate(self._waiting(verification_id), succeed=True)

    def fail_challenge(self, verification_id: str | None = None) -> None:
        """Fail to answer the bank's question: the card is declined. The rest is as in `complete_challenge`."""
        __tracebackhide__ = True
        self.authenticate(self._waiting(verification_id), succeed=False)

    @contextmanager
    def down(self, *methods: str) -> Iterator[None]:
        """Let the provider be out of reach: within the `with` block no call is executed, and each one fails.

        Args:
            *methods: The calls that fail, such as `hold`; by default all of them.

        Raises:
            ValueError: The provider has no such call.

        """
        with self._failing(methods, "down", after=False):
            yield

    @contextmanager
    def slow(self, *methods: str) -> Iterator[None]:
        """Let the provider be too slow: within the `with` block calls are executed, and their answers are lost.

        Args:
            *methods: The calls that fail, such as `hold`; by default all of them.

        Raises:
            ValueError: The provider has no such call.

        """
        with self._failing(methods, "too slow", after=True):
            yield

    @contextmanager
    def _failing(self, methods: Sequence[str], how: str, *, after: bool) -> Iterator[None]:
        for name in methods:
            if name not in _CALLS:
                raise ValueError(f"The payment provider has no call {name!r}. There are {', '.join(_CALLS)}.")

        def fail() -> None:
            self.fail_all(
                lambda: ProviderAmbiguous(f"The test lets the payment provider be {how}."), methods=methods, after=after
            )

        self._around.append(fail)
        fail()
        try:
            yield
        finally:
            self._around.remove(fail)
            if self._around:
                self._around[-1]()  # of the block around this one
            else:
                self.stop_failing()

    def _waiting(self, verification_id: str | None) -> str:
        __tracebackhide__ = True
        waiting = [hold for hold in self.open_holds() if hold.status is HoldStatus.CHALLENGED]
        found = [hold for hold in waiting if verification_id in (None, hold.verification_id)]
        if len(found) != 1:
            which = "No card verification waits" if not found else f"{len(found)} card verifications wait"
            named = "" if verification_id is None else f" ({verification_id} was asked for)"
            advice = " Say which: complete_challenge(result.verification_id)." if len(found) > 1 else ""
            raise AssertionError(f"{which} for card authentication{named}.{advice}\n{self._open_holds_as_text()}")
        assert found[0].id is not None
        return found[0].id

    def _open_holds_as_text(self) -> str:
        holds = self.open_holds()
        if not holds:
            return "There are no open holds: verify a card that needs authentication first."
        return "\n".join(["Open holds:", *(f"  {_described(hold)}" for hold in holds)])


def _described(hold: Hold) -> str:
    return f"{hold.amount} {hold.currency} of {hold.verification_id}: {_OPEN[hold.status]}"
