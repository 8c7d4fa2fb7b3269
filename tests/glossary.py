"""Find words that the glossary replaces: `python -m tests.glossary` prints `file:line: pattern`, and exits 1 if any.

The patterns are in `docs/glossary-banned.txt`. Searched are the sources below `src/`, the README and the pages below
`docs/`, except for the glossary itself, and for what keeps the words of its day: decisions (`docs/adr`) and migrations.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).parents[1]
PATTERNS: Final = Path("docs/glossary-banned.txt")
GLOSSARY: Final = Path("docs/glossary.md")
DECISIONS: Final = Path("docs/adr")
MIGRATIONS: Final = Path("src/adapters/accounts_sql/migrations/versions")


@attrs.frozen
class Hit:
    """A line that a pattern matches; the path is relative to the root that was searched."""

    path: Path
    line: int
    pattern: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.pattern}"


def read_patterns(file: Path) -> list[re.Pattern[str]]:
    """Return the patterns of a file, in its order.

    Raises:
        ValueError: A line is no regular expression, or matches the empty line; the message names the file and the line.
    """
    patterns = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            pattern = re.compile(line)
        except re.error as error:
            raise ValueError(f"{file}:{number}: {error}") from error
        if pattern.search(""):
            raise ValueError(f"{file}:{number}: matches every line")
        patterns.append(pattern)
    return patterns


def searched_files(root: Path) -> list[Path]:
    """Return the files that are searched, relative to the root."""
    sources = [file.relative_to(root) for file in sorted((root / "src").rglob("*.py"))]
    pages = [page.relative_to(root) for page in sorted((root / "docs").rglob("*.md"))]
    return [
        *(file for file in sources if not file.is_relative_to(MIGRATIONS)),
        *(page for page in pages if page != GLOSSARY and not page.is_relative_to(DECISIONS)),
        *(page for page in (Path("README.md"),) if (root / page).exists()),
    ]


def find_hits(root: Path, patterns: Iterable[re.Pattern[str]]) -> Iterator[Hit]:
    """Yield each line that a pattern matches, file by file."""
    patterns = list(patterns)
    for path in searched_files(root):
        for number, line in enumerate((root / path).read_text().splitlines(), 1):
            for pattern in patterns:
                if pattern.search(line):
                    yield Hit(path, number, pattern.pattern)


def main(arguments: list[str]) -> int:
    """Print the hits, or with `--count` how many each pattern has, and return the exit code."""
    patterns = read_patterns(ROOT / PATTERNS)
    hits = list(find_hits(ROOT, patterns))
    if arguments == ["--count"]:
        counts = Counter(hit.pattern for hit in hits)
        print("\n".join(f"{counts[pattern.pattern]:5}  {pattern.pattern}" for pattern in patterns))  # noqa: T201  a program that prints
    else:
        print("\n".join(str(hit) for hit in hits) or "No banned words.")  # noqa: T201  a program that prints
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
