"""From the measured CSVs to table.md and growth.png.

.venv/bin/python benchmarks/table.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from measure import HERE

from weirdgen.core.files import write_text
from weirdgen.plot import style

OURS = "this project"
TRL, TRL_TUNED = "TRL SFTTrainer", "TRL SFTTrainer, tuned"
HARNESS, HARNESS_FLOAT32 = "lm-evaluation-harness", "lm-evaluation-harness, float32 softmax"
DEVICES = {"cpu": "CPU", "cuda": "GPU"}

# title, work, instead of whom, how many times as fast it is meant to be
COMPARISONS = [
    ("finetune, old birds", "finetune old_bird_names", TRL, 3.5),
    ("finetune, old birds", "finetune old_bird_names", TRL_TUNED, 3.5),
    ("finetune, German cities", "finetune german_city_names", TRL, 2.5),
    ("finetune, German cities", "finetune german_city_names", TRL_TUNED, 2.5),
    ("contrasts, all of old birds, base model", "contrasts old_bird_names", HARNESS, 5.0),
    ("contrasts, all of old birds, base model", "contrasts old_bird_names", HARNESS_FLOAT32, 5.0),
    ("sampling, 10 questions x 50 answers x 64 tokens", "sampling old_bird_names", "generate", 2.0),
    ("sampling, 10 questions x 50 answers x 64 tokens", "sampling old_bird_names", "vLLM", None),
]
# title, work, side, seconds at most
TIMES = [
    ("`make study` from a clone, wheels at hand", "make study", "from a clone", 480.0),
    ("`make study` with nothing to do", "make study", "nothing to do", 5.0),
    ("one figure again", "make study", "one figure again", 10.0),
    ("a plan of `studies/paper.yaml`", "plan", "studies/paper.yaml", 5.0),
]
MEMORY_GOAL = 4.0  # GB

HEAD = """<!-- Written by table.py from the CSVs beside it: `make bench`. -->
# Measured

Medians of three runs taken in turn (smallest to largest). "Apart": how far the losses or log-probabilities of the two
sides are from each other on average; both compute in bfloat16 where the hardware has it.
"""
GROWTH = """Growth: seconds ~ size^p over the three largest sizes; where p is well above 1, time grows faster than work.
"""


def read(device: str) -> pd.DataFrame:
    """Every measurement of one kind of device, none if there is no folder of it."""
    paths = [path for path in sorted((HERE / device).glob("*.csv")) if path.stem != "growth"]
    return pd.concat(map(pd.read_csv, paths), ignore_index=True) if paths else pd.DataFrame()


def spread(values: pd.Series, digits: int) -> str:
    """Median (smallest to largest), or the one value there is."""
    middle, low, high = (f"{value:,.{digits}f}" for value in (values.median(), values.min(), values.max()))
    return f"{middle} ({low} to {high})" if len(values) > 1 else f"{middle} (1 run)"


def met(reached: bool, goal: float | None) -> str:
    """Whether a goal was met, nothing where there is none."""
    return "" if goal is None else "yes" if reached else "**no**"


def compared(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    """The comparisons that were measured."""
    for title, work, peer, goal in COMPARISONS:
        own = rows[rows["work"] == work].assign(speed=rows["amount"] / rows["seconds"]).set_index("run")
        ours, theirs = (own[own["side"] == side] for side in (OURS, peer))
        if ours.empty or theirs.empty:
            continue
        ratio = ours["speed"] / theirs["speed"]
        apart = theirs["difference"].mean()
        yield {
            "work": title,
            "instead of": peer,
            "this project, per second": f"{spread(ours['speed'], 0)} {ours['unit'].iloc[0]}",
            "that": spread(theirs["speed"], 0),
            "times as fast": spread(ratio, 2),
            "goal": "" if goal is None else f"{goal:g}",
            "met": met(ratio.median() >= (goal or 0), goal),
            "apart, nats": "" if np.isnan(apart) else f"{apart:.3f}",
        }


def commands(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Whole commands in seconds, and the memory of the largest job."""
    for title, work, side, goal in TIMES:
        seconds = rows.loc[(rows["work"] == work) & (rows["side"] == side), "seconds"]
        if len(seconds):
            reached = met(seconds.median() <= goal, goal)
            yield {"command": title, "measured": f"{spread(seconds, 1)} s", "goal": f"{goal:g} s", "met": reached}
    memory = rows[rows["work"] == "peak memory"]
    if len(memory):
        largest = memory.loc[memory["amount"].idxmax()]
        title = f"peak memory of any stage of it (`{largest['side']}`)"
        peak = largest["amount"] * 2**30 / 1e9
        reached = met(peak <= MEMORY_GOAL, MEMORY_GOAL)
        yield {"command": title, "measured": f"{peak:.2f} GB", "goal": f"{MEMORY_GOAL:g} GB", "met": reached}


def others(rows: pd.DataFrame) -> Iterator[str]:
    """Sentences on matrix products, vLLM's start and plans of larger studies."""
    products = rows[rows["work"] == "matrix products old_bird_names"]
    speed = {side: part["amount"] / part["seconds"] for side, part in products.set_index("run").groupby("side")}
    if speed:
        step, alone = speed["a training step"], speed["its matrix products alone"]
        yield (
            f"- Training does {spread(step, 0)} GFLOP/s in matrix products; the same products alone run at "
            f"{spread(alone, 0)} GFLOP/s, so they are {spread(100 * step / alone, 0)} % of a training step."
        )
    start = rows.loc[rows["side"] == "vLLM, start of the engine", "seconds"]
    if len(start):
        yield f"- vLLM's row leaves out the start of its engine, {start.iloc[0]:.0f} s once per job."
    plans = rows[(rows["work"] == "plan") & rows["side"].str.endswith("seeds")]
    if len(plans):
        told = (f"{side} {spread(part['seconds'], 1)} s" for side, part in plans.groupby("side", sort=False))
        yield f"- Planning `config.yaml`, by number of seeds: {'; '.join(told)}."


def fitted(points: pd.DataFrame) -> pd.DataFrame:
    """For each stage and axis, medians by size, and the exponent p of seconds ~ size^p over the three largest."""
    rows = []
    for (stage, axis), part in points.groupby(["stage", "axis"], sort=False):
        medians = part.groupby("size")["seconds"].median()
        top = medians.tail(3)
        exponent = float(np.polyfit(np.log(top.index), np.log(top), 1)[0])
        rows.append({"stage": stage, "axis": axis, "exponent": exponent, "medians": medians})
    return pd.DataFrame(rows)


def draw(fits: pd.DataFrame, points: pd.DataFrame, path: Path) -> None:
    """Seconds against work on logarithmic axes: a panel per axis, a line per stage, proportional growth dotted."""
    style.use()
    names = list(dict.fromkeys(fits["axis"]))
    stages = list(dict.fromkeys(fits["stage"]))
    colours = dict(zip(stages, (*style.CONTROLS, *style.TREATED), strict=False))
    figure, panels = plt.subplots(2, 3, figsize=(style.PAGE, 5.2))
    for axes, name in zip(panels.flat, names, strict=True):
        own = fits[fits["axis"] == name]
        for marker, fit in zip(style.MARKERS, own.itertuples(), strict=False):
            runs = points[(points["stage"] == fit.stage) & (points["axis"] == name)]
            sizes, seconds, colour = fit.medians.index, fit.medians, colours[fit.stage]
            axes.plot(runs["size"], runs["seconds"], marker, color=colour, markersize=3, alpha=0.5)
            axes.plot(sizes, seconds, color=colour, label=f"{fit.stage}, p = {fit.exponent:.2f}")
            axes.plot(sizes, seconds.iloc[-1] * sizes / sizes[-1], ":", color="#999999", linewidth=0.8)
        ticks = sorted({size for fit in own.itertuples() for size in fit.medians.index})
        axes.set(xscale="log", yscale="log", xlabel=name, ylabel="seconds")
        axes.xaxis.set_major_locator(FixedLocator(ticks[:: 2 if len(ticks) > 5 else 1]))
        axes.xaxis.set_major_formatter(FuncFormatter(_size))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
        axes.legend(loc="lower left", bbox_to_anchor=(-0.1, 1.0), fontsize=7, handlelength=1.2, labelspacing=0.2)
    figure.tight_layout()
    style.save(figure, [str(path)])


def _size(size: float, _position: int) -> str:
    return f"{size / 1e6:.0f} M" if size > 1e5 else f"{size:g}"


def grown(fits: pd.DataFrame) -> Iterator[dict[str, str]]:
    """The fits as lines of a table."""
    for fit in fits.itertuples():
        yield {
            "stage": fit.stage,
            "against": fit.axis,
            "sizes": f"{fit.medians.index[0]:,.0f} to {fit.medians.index[-1]:,.0f}",
            "seconds at the largest": f"{fit.medians.iloc[-1]:.3g}",
            "p": f"{fit.exponent:.2f}",
        }


def section(device: str) -> list[str]:
    """What was measured on one kind of device."""
    rows = read(device)
    if rows.empty:
        return ["Not measured: no GPU was at hand. `make bench` on a machine with one fills this section.\n"]
    machine = (HERE / device / "machine.txt").read_text(encoding="utf-8").strip()
    parts = [f"{machine}.\n", markdown(compared(rows)), markdown(commands(rows)), "\n".join(others(rows)) + "\n"]
    path = HERE / device / "growth.csv"
    if path.is_file():
        points = pd.read_csv(path)
        fits = fitted(points)
        draw(fits, points, path.with_suffix(".png"))
        parts += [GROWTH, markdown(grown(fits)), f"![Seconds against work]({device}/growth.png)\n"]
    return parts


def markdown(lines: Iterator[dict[str, str]]) -> str:
    """A table in Markdown."""
    return pd.DataFrame(lines).to_markdown(index=False, disable_numparse=True) + "\n"


def main() -> None:
    """Write the page, a section per kind of device."""
    parts = [HEAD]
    for device, title in DEVICES.items():
        parts += [f"## {title}\n", *section(device)]
    write_text(HERE / "table.md", "\n".join(parts))


if __name__ == "__main__":
    main()
