"""The examples of docs/stripe-simulator.md are run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents import ROOT, programs

from accounts_stripe_simulator import FaultKind

PATH = ROOT / "docs" / "stripe-simulator.md"
PAGE = PATH.read_text()
EXAMPLES = [program.text for program in programs(PATH)]
PRINTED = [
    "lost, and 1 hold is open\nthe same key finds it: True\nopen: [] captured: {}\n",
    "payment_method.detached\n" * 2 + "payment_method.attached\n" * 2,
]


@pytest.mark.parametrize(("example", "printed"), list(zip(EXAMPLES, PRINTED, strict=True)))
def test_an_example_prints_what_a_reader_expects(example: str, printed: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(example)

    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, check=False, text=True, capture_output=True, timeout=60
    )

    assert (done.stderr, done.stdout) == ("", printed)


def test_every_fault_is_in_the_table() -> None:
    named = set(re.findall(r"`Fault\.(\w+)\(", PAGE))

    assert named == {kind.value.removesuffix("_after") for kind in FaultKind}
