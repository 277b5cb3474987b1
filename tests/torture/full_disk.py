"""A full disk in a job of every stage: `python tests/torture/full_disk.py` as root: it mounts a disk in memory.

In each stage the disk fills twice while a job writes: at the first file that it opens and at a later one. The job must
say so in one line, no file may stand half written, and with room again the study goes on and ends as an unbroken run
does. What was seen goes to `full_disk.csv` beside this file. It takes some ten minutes on two cores.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kills import limits
from torture_study import HERE, STAGES, Torture, read_rows, write_rows

FILE = HERE / "full_disk.csv"
SIZE = "400m"
SAID = ("no space left on the disk", "No space left on device")
"""What a job says, and what Snakemake says where its own record of a job finds no room."""


@dataclass
class Full:
    """One full disk. told: whether the job's line, or Snakemake's, stands in the output; traceback: of the job."""

    stage: str
    at: str
    told: str
    traceback: bool
    half_written: int
    finished: bool = False


@contextmanager
def a_disk():
    """A small disk in memory, unmounted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="weirdgen-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill_in_every_stage(folder: Path) -> list[Full]:
    """Two full disks a stage, and a run to the end."""
    chance = random.Random(0)
    torture = Torture(folder)
    ballast = folder / "ballast"
    try:
        within = limits(torture, folder)
        unbroken = torture.made()
        for name in ("results", ".snakemake", "resources"):
            shutil.rmtree(torture.tree.root / name)
        found = []
        for stage in STAGES:
            events = within[stage][0][0]
            torture.forget(stage)
            for turn, event in enumerate((0, chance.randrange(1, events))):
                token = str(folder / f"token-{stage}-{turn}")
                told = {"stage": stage, "token": token, "skip": "0", "event": str(event), "fill": str(ballast)}
                status, output = torture.run("--cores", "1", **told)
                assert ballast.exists(), f"{stage}: the disk was not filled at event {event}: {output}"
                ballast.unlink()
                lines = output.splitlines()
                by = [who for who, words in zip(("job", "snakemake"), SAID, strict=True) if words in output]
                traceback = any(line.startswith("Traceback") for line in lines) and "job" not in by
                wrong = [path for path, says in torture.made().items() if unbroken.get(path) != says]
                at = f"event {event + 1} of {events}"
                found.append(Full(stage, at, " and ".join(by) if status else "done", traceback, len(wrong)))
                print(found[-1], *wrong, flush=True)
                if status and not by:
                    print(output[-3000:], flush=True)
                torture.run("--unlock")
        status, output = torture.run()
        assert status == 0, output
        different = {path for path in {*torture.made(), *unbroken} if torture.made().get(path) != unbroken.get(path)}
        print("ended;", *sorted(different), flush=True)
        for each in found:
            each.finished = not different
        return found
    finally:
        torture.close()


def read(file: Path = FILE) -> list[Full]:
    """The full disks that were noted."""
    return read_rows(file, Full)


def summary(found: list[Full]) -> str:
    """A Markdown table, a line per full disk."""
    lines = [
        "| stage | the disk is full from | who says so | files half written | equal at the end |",
        "|---|---|---|--:|---|",
    ]
    for each in found:
        equal = "yes" if each.finished else "no"
        lines.append(f"| {each.stage} | {each.at} | {each.told} | {each.half_written} | {equal} |")
    return "\n".join(lines)


def main() -> None:
    """Fill the disk in every stage, note what was seen and print it."""
    with a_disk() as folder:
        found = fill_in_every_stage(folder)
    write_rows(FILE, found)
    print(summary(found))


if __name__ == "__main__":
    main()
