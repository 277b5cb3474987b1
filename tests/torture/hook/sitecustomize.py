"""Breaks a job of the workflow in the middle, as told by the environment; Python imports this by its name.

A job is known by the log that it opens. What it does is counted by the files that it opens to write, renames,
removes and makes.

TORTURE_COUNT: break nothing; write a line `stage events seconds` to this file at the end of every job.
TORTURE_STAGE: break a job of this stage; TORTURE_SKIP: after so many that are not broken; TORTURE_TOKEN: begins the
names of files by which jobs count themselves. TORTURE_EVENT: how many events it may live, or TORTURE_SECONDS: how long.
TORTURE_WHO: SIGKILL for the `job`, or for `all`: Snakemake and every job of it.
TORTURE_FILL: no kill; the disk is full from then on, as this file takes all the room there is.
"""

import atexit
import os
import signal
import sys
import threading
import time

EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect", "os.truncate"}


class Watch:
    """Counts what a job does, from the moment it opens its log."""

    def __init__(self) -> None:
        self.stage = ""
        self.events = 0
        self.last: int | None = None
        self.began = 0.0

    def __call__(self, event: str, arguments: tuple) -> None:
        writes = event == "open" and writing(arguments)
        if self.stage:
            self.events += writes or event in EVENTS
            if self.last is not None and self.events > self.last:
                self.last: int | None = None
                broken()
        elif writes and (stage := stage_of(arguments[0])):
            self.stage = stage
            self.began = time.monotonic()
            if "TORTURE_COUNT" in os.environ:
                atexit.register(self.note)
            elif stage == os.environ["TORTURE_STAGE"] and number() == int(os.environ["TORTURE_SKIP"]):
                if "TORTURE_FILL" not in os.environ:
                    atexit.register(broken)  # a job that was faster dies when it has done its work
                if "TORTURE_SECONDS" in os.environ:
                    timer = threading.Timer(float(os.environ["TORTURE_SECONDS"]), broken)
                    timer.daemon = True
                    timer.start()
                else:
                    self.last = int(os.environ["TORTURE_EVENT"])

    def note(self) -> None:
        line = f"{self.stage} {self.events} {time.monotonic() - self.began}\n"  # before this file counts as an event
        with open(os.environ["TORTURE_COUNT"], "a") as file:
            file.write(line)


def broken() -> None:
    if "TORTURE_FILL" in os.environ:
        fill(os.environ["TORTURE_FILL"])
        return
    with open(os.environ["TORTURE_TOKEN"] + ".broken", "w"):
        pass
    if os.environ["TORTURE_WHO"] == "job":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        os.killpg(0, signal.SIGKILL)


def fill(ballast: str) -> None:
    """Write zeros until the disk takes no more, in ever smaller pieces."""
    with open(ballast, "ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def writing(arguments: tuple) -> bool:
    _, mode, flags = arguments
    return any(each in mode for each in "wax+") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))


def stage_of(path: object) -> str:
    """The stage whose job opens this log; nothing for any other file."""
    parts = path.split("/") if isinstance(path, str) and path.endswith(".log") else []
    return parts[parts.index("logs") + 1] if "logs" in parts else ""


def number() -> int:
    """How many jobs of the stage began before this one."""
    count = 0
    while True:
        try:
            os.close(os.open(f"{os.environ['TORTURE_TOKEN']}.{count}", os.O_CREAT | os.O_EXCL))
            return count
        except FileExistsError:
            count += 1


if {"TORTURE_STAGE", "TORTURE_COUNT"} & set(os.environ):
    sys.addaudithook(Watch())
