"""`GET /me` of examples/fastapi_app.py beside the same handler written by hand, in one run: what the integration costs.

    python benchmarks/fastapi_me.py              # a minute
    python benchmarks/fastapi_me.py --short      # a smoke run; its figures mean nothing

The servers take turns on one core, as in `make bench` (README.md); PostgreSQL and the load share the others.
"""

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import load
from databases import postgres
from run import BIN, HERE, ROOT, UVICORN, Runner, call, free_port, sign_up, verdict

PATH = "/me"
AIM = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a round is")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--short", action="store_true", help="a smoke run: the figures mean nothing")
    given = parser.parse_args()
    if given.short:
        given.rounds, given.seconds, given.users = 2, 0.5, 5
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The benchmark needs two cores: one for the server, one for PostgreSQL and the load.")
    os.sched_setaffinity(0, cores[1:])  # PostgreSQL inherits it

    with ExitStack() as stack:
        url = stack.enter_context(postgres())("shop")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accounts-bench-")))
        runner = Runner(cores[0], folder / "servers.log")
        ours, hand = (
            stack.enter_context(
                runner.serving(
                    name,
                    *(BIN / "uvicorn", f"{module}:app", "--app-dir", place, "--port", str(port), *UVICORN),
                    port=port,
                    env={"DATABASE_URL": url},
                )
            )
            for name, module, place, port in (
                ("accounts_fastapi", "fastapi_app", ROOT / "examples", free_port()),
                ("hand-written", "fastapi_by_hand", HERE, free_port()),
            )
        )
        tokens = sign_up(ours.port, given.users)
        ours.requests = hand.requests = [load.get(PATH, token) for token in tokens]
        for token in tokens[:5]:
            one, other = call(ours.port, "GET", PATH, token=token), call(hand.port, "GET", PATH, token=token)
            if one != other:
                sys.exit(f"Not the same answer: {one} and, hand-written, {other}")
        for server in (ours, hand):
            server.warm_up(min(2.0, given.seconds))
        for _ in range(given.rounds):
            for server in (ours, hand):
                server.round(given.seconds)

    print(f"GET {PATH}: {'':<20}{'median':>11}{'p50 ms':>10}{'p99 ms':>10}{'its CPU':>11}")
    for server in (ours, hand):
        print(server.line())
    print(verdict("to the hand-written handler", ours.rates, hand.rates, AIM))
    # of a busy machine these tell more: what others take of the core is not in them
    rates = [[rate / cpu for rate, cpu in zip(server.rates, server.cpu, strict=True)] for server in (ours, hand)]
    print(verdict("requests for a second of CPU", *rates, AIM))
    print(
        "  CPU for each request: {:.0f} us, hand-written {:.0f} us".format(*(1e6 / statistics.median(r) for r in rates))
    )


if __name__ == "__main__":
    main()
