"""A machine's clock that a test sets, under processes of ours: what they ask the system for the time is shifted.

A small library, preloaded into the process, stands before the system's. Only the real-time clock is shifted; monotonic
clocks, and every other process, such as a database server, go on as they are.
"""

import struct
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from shutil import which
from typing import Final

import attrs
import pytest

_SOURCE: Final = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t shift(void) {
    static volatile int64_t *seconds;
    if (!seconds) {
        int file = open(getenv("CLOCK_SHIFT_FILE"), O_RDONLY);
        void *mapped = mmap(0, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
        if (mapped == MAP_FAILED) abort();
        close(file);
        seconds = mapped;
    }
    return *seconds;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, now);
    if (!result && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (where) *where = exact.tv_sec;
    return exact.tv_sec;
}
"""


@attrs.frozen
class MachineClock:
    """The clock of the processes that are started with `environment`."""

    library: Path
    file: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "CLOCK_SHIFT_FILE": str(self.file)}

    def set(self, ahead: timedelta) -> None:
        """Set the clock ahead of the real one, or behind it."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", int(ahead.total_seconds())))


@pytest.fixture(scope="session")
def shifting_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = which("gcc") or which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("the machine's clock is shifted by a preloaded library, which needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("clock")
    source, library = folder / "shift.c", folder / "shift.so"
    source.write_text(_SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def machine_clock(shifting_library: Path, tmp_path: Path) -> MachineClock:
    """A machine's clock, right at first."""
    file = tmp_path / "clock-shift"
    file.write_bytes(bytes(8))
    return MachineClock(shifting_library, file)
