"""Limits that many processes share."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.redis.modes import MODES

from accounts_redis import RedisUrl

ROOT = Path(__file__).parents[3]
PROCESSES, ATTEMPTS, LIMIT = 4, 50, 70


@pytest.mark.parametrize("way_in", MODES)
def test_of_many_processes_at_once_exactly_as_many_attempts_pass_as_the_limit_says(
    redis_url: RedisUrl, prefix: str, way_in: str
) -> None:
    module = "tests.integration.redis.spending"
    command = [sys.executable, "-m", module, way_in, redis_url.text, prefix, str(ATTEMPTS), str(LIMIT)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()

    assert sum(passed) == LIMIT
