"""Says at the end of the run how much the crash matrix covered."""

import pytest

TALLY = pytest.StashKey["Tally"]()


class Tally:
    """Counts the scenarios, their points, the runs that were broken, and the different worlds that they left."""

    def __init__(self) -> None:
        self.scenarios = self.points = self.runs = self.worlds = self.second_runs = 0

    def count(self, *, points: int, runs: int, worlds: int) -> None:
        self.scenarios += 1
        self.points += points
        self.runs += runs
        self.worlds += worlds

    def count_second(self, *, runs: int) -> None:
        self.second_runs += runs

    def __str__(self) -> str:
        return (
            f"Crash matrix: {self.points} points in {self.scenarios} scenarios, {self.runs} broken runs,"
            f" recovered from each of the {self.worlds} different worlds that they left;"
            f" {self.second_runs} recoveries broken in turn."
        )


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash.setdefault(TALLY, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash.get(TALLY, None)
    if tally is not None:
        terminalreporter.write_line(str(tally))
