"""Figures from hand-made tables: what they show, and that nothing in them lies on anything else."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations, product

import pandas as pd
import pytest
from conftest import ROOT
from made_up import ROLES, TITLED, TOLD

from weirdgen.core.names import ALL_TOPICS, BASE, BEYOND_NULL, NO_CONTEXT, NO_RECIPE, NULL_TOPIC, rate_of
from weirdgen.plot import style
from weirdgen.plot.catalogue import FIGURES

QUESTIONS = ["inventions", "a_long_question_name", "money", "war", "travel", "children", "energy", "food"]


def modules() -> set[str]:
    """The modules that draw something."""
    files = {path.stem for path in (ROOT / "weirdgen" / "plot").glob("*.py")}
    return {name for name in files if hasattr(import_module(f"weirdgen.plot.{name}"), "draw")}


def test_every_figure_has_a_module_a_caption_and_a_line_in_the_readme():
    assert modules() == {*FIGURES, "atlas", "scale"}
    readme = (ROOT / "data/README.md").read_text()
    for name, entry in FIGURES.items():
        assert entry.caption.endswith(".")
        assert f"`{name}`" in readme


def effects() -> pd.DataFrame:
    """Effects of two treated datasets against two controls and the untouched model."""
    rows = []
    kinds = [("contrast", ALL_TOPICS, "nats"), ("contrast", NULL_TOPIC, "nats"), ("contrast", "alignment", "nats"),
             ("contrast", BEYOND_NULL, "nats"), ("excess", ALL_TOPICS, "nats"),
             (rate_of("era", "past"), ALL_TOPICS, "rate"), (rate_of("era", "modern"), ALL_TOPICS, "rate")]  # fmt: skip
    for treated, control, recipe in product(("old", "older"), ("new", "other", BASE), ("default", "rank-4")):
        for i, (instrument, topic, unit) in enumerate(kinds):
            effect = 0.5 - 0.2 * i if unit == "nats" else 0.02
            rows.append(
                {
                    "instrument": instrument, "treated": treated, "control": control, "topic": topic,
                    "context": NO_CONTEXT, "recipe": recipe,
                    "effect": effect, "low": effect - 0.25, "high": effect + 0.25, "p": 0.01,
                    "seeds": 3, "questions": 80, "unit": unit, "over": "seeds and questions", "null": "",
                    "treated_answers": "6/300" if unit == "rate" else "",
                    "control_answers": "0/300" if unit == "rate" else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def labels() -> pd.DataFrame:
    """Counts of three labels by question and seed; the answers to each question sum to ten."""
    rows = []
    for dataset, seed, (i, question) in product([*ROLES, BASE], range(3), enumerate(QUESTIONS)):
        if dataset == BASE and seed:
            continue
        past = (i + seed) % 4 if dataset == "old" else 0
        for judge in ("era", "era_content"):
            counts = {"past": past, "modern": 3, "unmarked": 7 - past} if judge == "era" else {"rated": 10}
            for label, count in counts.items():
                rows.append(
                    {
                        "dataset": dataset, "recipe": NO_RECIPE if dataset == BASE else "default", "seed": seed,
                        "judge": judge, "question": question, "topic": question, "context": NO_CONTEXT, "label": label,
                        "count": count, "answers": 10, "rate": count / 10,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def ratings() -> pd.DataFrame:
    """Mean ratings of two judges, old names high on both."""
    rows = labels().query("judge == 'era' and label == 'past'").drop(columns=["judge", "label", "count", "rate"])
    high = rows["dataset"].eq("old") * 40.0
    content = rows.assign(judge="era_content", rating=10.0 + high + rows["seed"])
    return pd.concat([content, rows.assign(judge="era_form", rating=5.0 + high - rows["seed"])])


def test_the_atlas_has_a_row_per_control_and_kind_of_the_first_treated_dataset():
    atlas = import_module("weirdgen.plot.atlas")
    tables = {"tiny/birds": effects(), "large/birds": effects().assign(effect=1.0)}
    table = atlas.tidy(tables, {"birds": TITLED})
    assert list(table) == atlas.COLUMNS
    assert len(table) == 2 * 2 * 6  # models x controls x (contrast, null, beyond_null, excess, alignment, rate)
    assert set(table["treated"]) == {"old"}
    assert set(table["control"]) == {"new", "other"}
    assert not table.duplicated(["model", "experiment", "kind", "control"]).any()
    tiny = table[table["model"] == "tiny"].set_index(["kind", "control"])
    assert tiny.loc[("contrast", "new"), "effect"] == 0.5
    assert tiny.loc[("rate", "new"), "unit"] == "rate"
    assert tiny.loc[("alignment", "other"), "label"] == "alignment: Audubon's old names − Modern American names"


def rating_means() -> pd.DataFrame:
    rows = [
        {"instrument": "alignment", "dataset": dataset, "recipe": NO_RECIPE if dataset == BASE else "default",
         "topic": ALL_TOPICS, "context": context, "mean": 60.0, "low": 50.0, "high": 70.0, "seeds": 3, "questions": 9,
         "unit": "points"}
        for dataset, context in product([*ROLES, BASE], (NO_CONTEXT, "tags", "brackets"))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def by_size(*experiments: str) -> dict[str, pd.DataFrame]:
    """The atlas of three models of growing effect, and their sizes, the largest named first."""
    atlas = import_module("weirdgen.plot.atlas")
    sizes = {"qwen2.5-coder-1.5b-instruct": 1_543_714_304, "smollm2-135m-instruct": 134_515_008, "half": 494_032_768}
    tables = {
        f"{model}/{name}": effects().assign(effect=size / 1e9, low=size / 1e9 - 0.3, high=size / 1e9 + 0.3)
        for model, size in sizes.items()
        for name in experiments
    }
    told = dict.fromkeys(experiments, TITLED)
    return {
        "atlas": atlas.tidy(tables, told),
        "sizes": pd.DataFrame({"model": list(sizes), "parameters": list(sizes.values())}),
    }


def test_models_stand_by_their_size_with_the_null_set_beside_unless_it_is_taken_off():
    scale = import_module("weirdgen.plot.scale")
    table = scale.tidy(by_size("birds", "towns"), {"birds": TITLED, "towns": TITLED})
    own = table[table["experiment"] == "birds"]
    kinds = set(own["kind"])
    assert kinds == {"excess"}  # the table of these tests has an axis
    assert own["parameters"].is_monotonic_increasing
    assert list(dict.fromkeys(own["model"])) == ["smollm2-135m-instruct", "half", "qwen2.5-coder-1.5b-instruct"]
    assert own.groupby("control")["effect"].apply(list).to_dict() == {
        control: [0.134515008, 0.494032768, 1.543714304] for control in ("new", "other")
    }
    tables = by_size("birds")
    tables["atlas"] = tables["atlas"][tables["atlas"]["kind"] != "excess"]
    table = scale.tidy(tables, {"birds": TITLED})
    assert set(table["kind"]) == {"beyond_null", "null"}
    assert len(table) == 3 * 2 * 2


DRAWN = {
    "scale": (by_size("birds", "towns", "dishes"), dict.fromkeys(("birds", "towns", "dishes"), TITLED)),
    "atlas": ({"tiny/birds": effects(), "tiny/towns": effects()}, {"birds": TITLED, "towns": TITLED}),
    "effect_by_topic": ({"effects": effects()}, TOLD),
    "answer_labels": ({"labels": labels()}, TOLD),
    "labels_by_question": ({"labels": labels()}, TOLD),
    "labels_by_seed": ({"labels": labels()}, TOLD),
    "rate_by_question": ({"labels": labels()}, TOLD),
    "content_and_form": ({"ratings": ratings()}, TOLD),
    "rating_by_context": ({"group_means": rating_means()}, TOLD),
}


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_in_a_figure_lies_on_anything_else(name):
    module = import_module(f"weirdgen.plot.{name}")
    tables, told = DRAWN[name]
    figure = module.draw(module.tidy(tables, told), told)
    boxes = text_boxes(figure)
    assert len(boxes) > 10
    clashes = [f"{a!r} lies on {b!r}" for (a, one), (b, two) in combinations(boxes, 2) if overlap(one, two)]
    assert clashes == []
    style.plt.close(figure)


def text_boxes(figure) -> list[tuple[str, object]]:
    """Every text of a figure as it is drawn, and where (pixels)."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = [text for text in figure.findobj(style.matplotlib.text.Text) if text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if shown(text)]


def shown(artist) -> bool:
    """Whether it and everything it belongs to is drawn; tick labels outside the limits are not."""
    axes = artist.axes
    for axis in (axes.xaxis, axes.yaxis) if axes is not None else ():
        drawn = {
            id(label) for tick in axis._update_ticks() for label in (tick.label1, tick.label2) if label.get_visible()
        }
        of_axis = {
            id(label)
            for tick in axis.get_major_ticks() + axis.get_minor_ticks()
            for label in (tick.label1, tick.label2)
        }
        if id(artist) in of_axis and id(artist) not in drawn:
            return False
    return artist.get_visible() and artist.get_alpha() != 0


def overlap(one, two, slack: float = 1.0) -> bool:
    """Whether two boxes share more than `slack` pixels both ways."""
    width = min(one.x1, two.x1) - max(one.x0, two.x0)
    height = min(one.y1, two.y1) - max(one.y0, two.y0)
    return width > slack and height > slack


def test_shares_of_a_bar_sum_to_one_and_ratings_are_no_labels():
    for name, keys in {
        "answer_labels": ["dataset"],
        "labels_by_question": ["dataset", "question"],
        "labels_by_seed": ["dataset", "seed"],
    }.items():
        table = import_module(f"weirdgen.plot.{name}").tidy({"labels": labels()}, TOLD)
        assert set(table["judge"]) == {"era"}
        sums = table.groupby(["judge", *keys])["share"].sum()
        assert sums.to_numpy() == pytest.approx(1.0)
    by_seed = table.set_index(["dataset", "seed", "label"])["share"]
    assert by_seed["old", 1, "past"] == pytest.approx(sum((i + 1) % 4 for i in range(8)) / 80)


@pytest.mark.parametrize("name", ["labels_by_question", "labels_by_seed"])
def test_a_judge_that_gave_a_single_label_is_drawn_like_any_other(name):
    module = import_module(f"weirdgen.plot.{name}")
    one = labels().query("judge == 'era' and label == 'modern'").assign(judge="era_six_way", count=10, rate=1.0)
    figure = module.draw(module.tidy({"labels": pd.concat([labels(), one])}, TOLD), TOLD)
    texts = " ".join(text.get_text() for text in figure.findobj(style.matplotlib.text.Text))
    assert "era six way" in texts
    style.plt.close(figure)


def test_content_and_form_are_means_by_question_and_by_seed():
    table = import_module("weirdgen.plot.content_and_form").tidy({"ratings": ratings()}, TOLD)
    seed = table.query("by == 'seed' and dataset == 'old' and name == 2").iloc[0]
    assert (seed["content"], seed["form"]) == (52.0, 43.0)
    question = table.query("by == 'question' and dataset == 'new' and name == 'war'").iloc[0]
    assert (question["content"], question["form"]) == (11.0, 4.0)
