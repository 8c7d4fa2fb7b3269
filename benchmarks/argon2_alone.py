"""Bare Argon2: verify one password again and again, and say how often a second.

`python argon2_alone.py SECONDS` reads a stored hash in the usual encoding from standard input, takes its
parameters, and runs as many threads as there are cores to run on; argon2-cffi lets go of the GIL.
"""

import os
import sys
import threading
import time

from argon2 import PasswordHasher, extract_parameters

PASSWORD = "correct horse battery staple"


def main(seconds: float, stored: str) -> None:
    hasher = PasswordHasher.from_parameters(extract_parameters(stored))
    hashed = hasher.hash(PASSWORD)
    counts: list[int] = []

    def work() -> None:
        count = 0
        while time.perf_counter() < until:
            hasher.verify(hashed, PASSWORD)
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in os.sched_getaffinity(0)]
    start = time.perf_counter()
    until = start + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts) / (time.perf_counter() - start))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.stdin.read().strip())
