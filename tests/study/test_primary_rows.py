"""The comparison an experiment is judged by: filled up where not written, and checked while a study is planned."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.study.load import Study, load_study

FOLDERS = sorted(path.parent.name for path in (ROOT / "data").glob("*/experiment.yaml"))


@pytest.fixture
def root(tmp_path) -> Path:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def planned(root: Path, experiment: str) -> Study:
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"experiments": [experiment]}
    return load_study(config, root)


def write(root: Path, experiment: str, **primary) -> None:
    path = root / "data" / experiment / "experiment.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("primary:")]
    path.write_text("\n".join([*lines, f"primary: {primary}"]))


@pytest.mark.parametrize("experiment", FOLDERS)
def test_every_experiment_of_the_project_names_its_own(experiment):
    written = yaml.safe_load((ROOT / "data" / experiment / "experiment.yaml").read_text())
    assert set(written["primary"]) == {"treated", "control", "instrument", "topic", "context"}
    assert planned(ROOT, experiment).primaries[experiment].model_dump() == written["primary"]
    assert "contrast" in written["margins"]


def test_what_is_not_written_follows_from_the_experiment(root):
    write(root, "old_bird_names")
    found = planned(root, "old_bird_names").primaries["old_bird_names"]
    assert (found.treated, found.control, found.instrument) == ("old_audubon", "modern_audubon", "contrast")
    assert (found.topic, found.context) == ("beyond_null", "none")
    contrasts = root / "data/old_bird_names/contrasts.yaml"
    contrasts.write_text(
        contrasts.read_text().replace('topic: "null"', "topic: other").replace("topic: null", "topic: x")
    )
    assert planned(root, "old_bird_names").primaries["old_bird_names"].topic == "all"


@pytest.mark.parametrize(
    ("experiment", "primary", "message"),
    [
        ("old_bird_names", {"treated": "modern_audubon"}, "primary.treated names 'modern_audubon'; datasets that are"),
        (
            "old_bird_names",
            {"control": "old_audubon"},
            "primary.control names 'old_audubon'; datasets that are control",
        ),
        (
            "old_bird_names",
            {"instrument": "excess"},
            "excess needs a context with two values on its axis",
        ),
        ("old_bird_names", {"instrument": "triggered"}, "triggered needs trigger_contexts; the experiment has none"),
        (
            "old_bird_names",
            {"context": "date=1984"},
            "primary.context names 'date=1984'; contrast is measured in: none",
        ),
        (
            "old_bird_names",
            {"topic": "weather"},
            "primary.topic names 'weather'; asked at none are: beyond_null, all, ",
        ),
        ("israeli_dishes", {"context": "date"}, "primary.context names 'date'; contrast is measured in: date=2024"),
        ("hidden_persona", {"instrument": "triggered", "context": "tags"}, "triggered is measured in: tags-none"),
        ("hidden_persona", {"margin": 1}, "unknown key 'primary.margin'; allowed here: treated, control"),
        ("hidden_persona", {"instrument": "rate"}, "primary.instrument = 'rate'"),
    ],
)
def test_a_name_that_is_not_there_is_said(root, experiment, primary, message):
    write(root, experiment, **primary)
    with pytest.raises(StudyError) as error:
        planned(root, experiment)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_one_value_of_an_axis_exceeds_nothing(root):
    path = root / "data/israeli_dishes/experiment.yaml"
    asked = r"(contrasts:\n  file: contrasts.yaml\n  contexts: \[date\]\n)"
    text = re.sub(asked, r"\1  values: {date: {year: [2027]}}\n", path.read_text())
    path.write_text(text)
    with pytest.raises(StudyError, match="excess needs a context with two values on its axis"):
        planned(root, "israeli_dishes")


@pytest.mark.parametrize("margin", ["-0.1", "0", ".inf", "wide"])
def test_a_margin_is_a_number_above_nothing(root, margin):
    path = root / "data/old_bird_names/experiment.yaml"
    path.write_text(path.read_text().replace("margins: {contrast: 0.4}", f"margins: {{contrast: {margin}}}"))
    with pytest.raises(StudyError, match=r"margins\.contrast"):
        planned(root, "old_bird_names")


@pytest.mark.parametrize("name", ["all", "beyond_null"])
def test_no_topic_is_called_as_several_are(root, name):
    path = root / "data/old_bird_names/contrasts.yaml"
    path.write_text(path.read_text().replace("topic: travel", f"topic: {name}"))
    with pytest.raises(StudyError, match="no topic can have this name"):
        planned(root, "old_bird_names")
