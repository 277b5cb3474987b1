"""SIGKILL in jobs of every stage, at every sort of moment: `python tests/torture/kills.py [rounds] [first]`.

A round is a study on a tiny model. In each of its nine stages a job is killed several times, by itself or with
Snakemake and everything that runs: at one of the files that it writes, renames or removes, or after a part of the
time that it takes. After each kill every file that stands must say what that of an unbroken run says, or be absent;
the study then goes on from where it was, to the next kill, and is at its end held against the unbroken run.
The kills are added to `kills.csv` beside this file. A round takes some ten minutes on two cores.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from torture_study import HERE, STAGES, Torture, read_rows, write_rows

FILE = HERE / "kills.csv"
KILLS = ("job", "all", "all", "all")
"""Who is killed in every stage of a round, in turn."""


@dataclass
class Kill:
    """One kill. at: `event n of N` or `t s`; half_written: files that stood and were not what they should be."""

    round: int
    stage: str
    who: str
    at: str
    files: int
    half_written: int
    finished: bool = False
    """Whether the round came to its end and everything said what the unbroken run's says."""


def limits(torture: Torture, folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Events and seconds of the shortest and of the longest job of every stage, from an unbroken run."""
    file = folder / "counted"
    status, output = torture.run(count=str(file))
    assert status == 0, output
    found: dict[str, list[tuple[int, float]]] = {}
    for line in file.read_text().splitlines():
        stage, events, seconds = line.split()
        found.setdefault(stage, []).append((int(events), float(seconds)))
    assert set(found) == set(STAGES), found
    return {stage: [min(jobs), max(jobs)] for stage, jobs in found.items()}


def one_round(number: int, folder: Path) -> list[Kill]:
    """The kills of a round. Raises AssertionError where a run ends otherwise than it should."""
    chance = random.Random(number)
    torture = Torture(folder)
    try:
        within = limits(torture, folder)
        unbroken = torture.made()
        for name in ("results", ".snakemake", "resources"):
            shutil.rmtree(torture.tree.root / name)
        kills = []
        for stage in STAGES:
            torture.forget(stage)
            for turn, who in enumerate(KILLS):
                events, seconds = within[stage][turn // 2]
                token = folder / f"token-{stage}-{turn}"
                if turn % 2:
                    after = chance.random() * seconds
                    moment, at = {"seconds": str(after)}, f"{after:.2f} s"
                else:
                    event = chance.randrange(events)
                    moment, at = {"event": str(event)}, f"event {event + 1} of {events}"
                skip = chance.randrange(2) if turn == 0 and stage not in ("models", "report") else 0
                status, output = torture.run(stage=stage, who=who, token=str(token), skip=str(skip), **moment)
                assert Path(f"{token}.broken").exists(), f"{stage} was not killed {at}: {output}"
                assert status != 0, output
                made = torture.made()
                wrong = [path for path, says in made.items() if unbroken.get(path) != says]
                kills.append(Kill(number, stage, who, at, len(made), len(wrong)))
                print(number, stage, who, at, f"{len(made)} files", *wrong, flush=True)
                if who == "all":
                    assert torture.run("--unlock")[0] == 0
        status, output = torture.run()
        assert status == 0, output
        made = torture.made()
        different = sorted(path for path in {*made, *unbroken} if made.get(path) != unbroken.get(path))
        left = [str(path) for path in (torture.tree.root / "results").rglob(".tmp-*")]
        print("round", number, "ended;", *different, *left, flush=True)
        for kill in kills:
            kill.finished = not different and not left
        return kills
    finally:
        torture.close()


def read(file: Path = FILE) -> list[Kill]:
    """The kills that were noted."""
    return read_rows(file, Kill)


def note(kills: list[Kill], file: Path = FILE) -> None:
    """Put a round's kills into the table, in place of an earlier one's of that number."""
    kept = [kill for kill in (read(file) if file.exists() else []) if kill.round != kills[0].round]
    write_rows(file, sorted([*kept, *kills], key=lambda kill: kill.round))


def summary(kills: list[Kill]) -> str:
    """A Markdown table: stage by stage."""
    lines = [
        "| stage | kills | of the job alone | files half written | rounds equal at the end |",
        "|---|--:|--:|--:|--:|",
    ]
    for stage in (*STAGES, "all"):
        these = [kill for kill in kills if stage in (kill.stage, "all")]
        rounds = {kill.round for kill in these}
        equal = rounds - {kill.round for kill in these if not kill.finished}
        alone = sum(kill.who == "job" for kill in these)
        wrong = sum(kill.half_written for kill in these)
        lines.append(f"| {stage} | {len(these)} | {alone} | {wrong} | {len(equal)} of {len(rounds)} |")
    return "\n".join(lines)


def main(rounds: int = 3, first: int = 0) -> None:
    """Run the rounds and print the whole table."""
    for number in range(first, first + rounds):
        folder = Path(tempfile.mkdtemp(prefix="weirdgen-torture-"))
        note(one_round(number, folder))
        shutil.rmtree(folder)
    print(summary(read()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
