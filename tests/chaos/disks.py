"""A disk of a few megabytes, to be filled up and emptied again."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs

_BLOCK: Final = bytes(4096)


@attrs.frozen
class Disk:
    """A file system of its own, mounted at `folder`."""

    folder: Path

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self) -> None:
        """Take all the room that is left, to the last block."""
        with self._filler.open("ab", buffering=0) as filler:
            while True:
                try:
                    filler.write(_BLOCK)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    return

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Disk]:
    """Mount a disk at a folder, for whoever owns that. Raises `CalledProcessError` where it may not be done."""
    owner = folder.stat()
    options = f"size={megabytes}m,mode=0755,uid={owner.st_uid},gid={owner.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@cache
def why_no_disk() -> str | None:
    """Return why no disk can be mounted here."""
    if os.name != "posix":
        return "there is no tmpfs here"
    with TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), megabytes=1):
                return None
        except (OSError, subprocess.CalledProcessError) as error:
            return f"mounting a disk takes root, and more: {error}"
