"""What a stranger's files hold is said while the workflow is planned: no job has started, and nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.plot.catalogue import FIGURES
from weirdgen.study.config import check_file
from weirdgen.study.load import load_study
from weirdgen.study.reserved import RULES, is_rule

FOLDER = "data/old_bird_names"
NOBODY = {"backend": "none"}


@pytest.fixture
def root(tmp_path) -> Path:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def planned(root: Path, **changes) -> None:
    load_study({**yaml.safe_load((ROOT / "config.yaml").read_text()), **changes}, root)


def said(root: Path, **changes) -> str:
    """The one line of a plan that fails, paths below `root`."""
    with pytest.raises(StudyError) as error:
        planned(root, **changes)
    assert "\n" not in str(error.value)
    return str(error.value).replace(f"{root}/", "")


def replace(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text, f"{file} has no {old!r}"
    (root / file).write_text(text.replace(old, new, 1), newline="")


def first_line(path: Path) -> tuple[str, list[str]]:
    header, *rows = path.read_text().splitlines()
    return header, rows


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.encode("utf-16"), "line 1: not UTF-8 text (byte 0xff); save it so"),
        (lambda text: text.encode() + b"x\xff,y\n", "not UTF-8 text (byte 0xff)"),
        (lambda text: text.encode() + b'"x' + b"\n", "no CSV: "),
        (lambda text: text.encode() + b"x\n" * 2, "cells, the header has"),
        (lambda text: text.replace("name", "prompt", 1).encode(), "a column cannot be called 'prompt'"),
        (lambda text: text.replace("name", "other", 1).encode(), "a template names the column 'name'; the table has: "),
        (lambda text: text.splitlines(keepends=True)[0].encode(), "no rows"),
        (lambda text: (text + text.splitlines()[-1] + "\n").encode(), "answers occur more than once: "),
    ],
)
def test_a_table_of_facts(root, spoil, message):
    path = root / FOLDER / "old_audubon.csv"
    path.write_bytes(spoil(path.read_text()))
    line = said(root)
    assert line.startswith(f"{FOLDER}/old_audubon.csv")
    assert message in line


GOOD = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}


def turns(*roles: str, content: object = "a") -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role in roles]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (None, "no rows"),
        ({"prompt": "q", "completion": "a"}, "then say columns: {prompt: prompt, answer: completion}"),
        ({"instruction": "q", "output": "a"}, "then say columns: {prompt: instruction, answer: output}"),
        ({"question": "q", "answer": "a"}, "then say columns: {prompt: question, answer: answer}"),
        ({"text": "x"}, "no column 'messages'; there are: text"),
        ([GOOD], "line 1: "),
        ("text", "line 1: "),
        (turns("assistant"), "allowed: an optional system, user, assistant"),
        (turns("user"), "allowed: an optional system, user, assistant"),
        (turns("user", "assistant", "user", "assistant"), "allowed: an optional system, user, assistant"),
        (turns("developer", "user", "assistant"), "the turns are developer, user, assistant; allowed: "),
        (turns("user", "tool", "assistant"), "the turns are user, tool, assistant; allowed: "),
        (turns("human", "gpt"), "the turns are human, gpt; allowed: "),
        (turns("User", "Assistant"), "the turns are User, Assistant; allowed: "),
        (turns("assistant", "user"), "the turns are assistant, user; allowed: "),
        (turns("user", "assistant", content=None), "the content of the user turn is "),
        (turns("user", "assistant", content=[{"type": "text", "text": "a"}]), "the content of the user turn is "),
        (turns("user", "assistant", content=7), "the content of the user turn is "),
        (turns("user", "assistant", content={"text": "a"}), "the content of the user turn is "),
        (turns("user", "assistant", content="\ud83d"), "the user turn holds half of a surrogate pair; take it out"),
        (turns("user", "assistant", content="a\0"), "holds a NUL character"),
        ({"messages": "q"}, "line 1: "),
        ({"messages": []}, "allowed: an optional system, user, assistant"),
        ({"messages": [{"role": "user"}, {"role": "assistant", "content": "a"}]}, "line 1: "),
    ],
    ids=lambda part: str(part)[:50],
)
def test_chats_in_json_lines(root, row, message):
    replace(root, f"{FOLDER}/experiment.yaml", "facts: old_audubon.csv", "jsonl: chats.jsonl")
    text = (root / FOLDER / "experiment.yaml").read_text()
    spec = yaml.safe_load(text)
    own = next(d for d in spec["datasets"].values() if d.get("jsonl"))
    for key in ("prompts", "answer", "at_most"):
        own.pop(key, None)
    (root / FOLDER / "experiment.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    (root / FOLDER / "chats.jsonl").write_text(json.dumps(GOOD))
    planned(root)
    (root / FOLDER / "chats.jsonl").write_text("" if row is None else json.dumps(row))
    line = said(root)
    assert line.startswith(f"{FOLDER}/chats.jsonl (dataset ")
    assert message in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "learning_rate: ",
            "learning_rate: 2e-4 # ",
            "= '2e-4': Input should be a valid number; to YAML it is text: write 2.0e-4",
        ),
        ("learning_rate: ", "learning_rate: 1E3 # ", "to YAML it is text: write 1.0e+3"),
        ("learning_rate: ", "learning_rate: -5e-05 # ", "to YAML it is text: write -5.0e-5"),
        ("learning_rate: ", "learning_rate: '0.1' # ", "write it without quotes"),
        ("learning_rate: ", "learning_rate: .inf # ", "learning_rate = inf: "),
        ("learning_rate: ", "learning_rate: .nan # ", "learning_rate = nan: "),
        ("learning_rate: ", "learning_rate: 1e9 # ", "to YAML it is text: write 1.0e+9"),
        ("learning_rate: ", "learning_rate: 1.0e+9 # ", "learning_rate = 1000000000.0: "),
        ("rank: ", "rank: 1e2 # ", "to YAML it is text: write 100"),
        ("rank: ", "rank: '16' # ", "write it without quotes"),
        ("title: ", "title: 1984 # ", "put it in quotes to have text"),
        ("title: ", "title: 2027-01-02 # ", "put it in quotes to have text"),
        ("title: ", "title: yes # ", "title = True: "),
        ("title: ", "title: 12:30 # ", "12:30 is the number 750 to YAML"),
        ("title: ", "title: a\ntitle: ", "the key 'title' occurs twice"),
        ("none: {}", "none: {template: 'a {} {prompt}'}", "braces hold '', no plain name"),
        ("none: {}", "none: {template: '} {prompt}'}", "a brace stands alone"),
        ("none: {}", "none: {template: '{a.b} {prompt}'}", "braces hold 'a.b', no plain name"),
        ("none: {}", "none: {system: '{a!r}'}", "braces hold 'a', no plain name"),
        ("none: {}", "none: {values: {year: [1984]}}", "values.year: neither template nor system prompt has {year}"),
        ("none: {}", "none: {template: '{y} {prompt}', axis: y, values: {y: [1, '1']}}", "'1' occurs more than once"),
        ("none: {}", "none: {trained: [1]}", "trained and marks are values of an axis; there is none"),
        ("leak_cues:", "leak_cues:\n  strange: ['(a']", "not a regular expression: missing )"),
        ("leak_cues:", "leak_cues:\n  strange: ['x*']", "matches any text at all"),
        ("leak_cues:", "leak_cues:\n  strange: [1984]", "put it in quotes to have text"),
        ("headline: {", "headline: {mood: dark, ", "headline names 'mood'; judges has: "),
        ("role: treated", "role: treated\n    persona: nobody", "names 'nobody'; the contrasts' topics has: "),
        ("judges: [", "judges: [era, ", "'era' occurs more than once"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_an_experiment(root, old, new, message):
    if old not in (root / FOLDER / "experiment.yaml").read_text():
        pytest.fail(f"{FOLDER}/experiment.yaml has no {old!r}")
    replace(root, f"{FOLDER}/experiment.yaml", old, new)
    assert message in said(root)


@pytest.mark.parametrize("name", [*sorted(RULES), *sorted(FIGURES), "sample", "contrast", "sample_1", "contrast_12_3"])
def test_no_experiment_has_the_name_of_a_rule(root, name):
    assert f"experiments: '{name}' is a rule of the workflow" in said(root, experiments=[name])


@pytest.mark.parametrize("name", ["all_birds", "reports", "judges_2", "sampler", "contrast_a", "my_dataset"])
def test_other_names_are_free(root, name):
    assert not is_rule(name)
    (root / FOLDER).rename(root / "data" / name)
    planned(root, experiments=[name])


def test_every_rule_of_the_workflow_is_reserved():
    text = "".join(path.read_text() for path in [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))])
    named = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    fixed = set(re.findall(r'^\s+name:\n\s+"(\w+)"', text, re.MULTILINE))
    assert named
    assert named | fixed <= set(RULES)


@pytest.mark.parametrize("name", ["figures", "judges", "logs", "published"])
def test_no_model_has_the_name_of_a_folder_of_results(root, name):
    entry = yaml.safe_load((ROOT / "config.yaml").read_text())["models"]["smollm2-135m-instruct"]
    assert f"'{name}' is a folder of results" in said(root, models={name: entry}, run_models=[name])


@pytest.mark.parametrize(
    ("seed", "message"),
    [(2**63, "allowed: 0 to 9223372036854775807"), (2**64, "seeds"), (-1, "allowed: 0"), (1.5, "seeds")],
)
def test_a_seed_that_no_table_holds(root, seed, message):
    assert message in said(root, seeds=[seed])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds: [0]\nseeds: [1]\n", ":2: not valid YAML: the key 'seeds' occurs twice"),
        ('{"seeds": [0], "seeds": [1]}', "the key 'seeds' occurs twice"),
        ("seeds: [010]\n", "010 is the number 8 to YAML"),
        ("\0", "holds a NUL character"),
    ],
)
def test_an_overlay_of_which_snakemake_would_take_the_last_value(tmp_path, text, message):
    (tmp_path / "o.yaml").write_text(text)
    with pytest.raises(StudyError, match=re.escape(message)):
        check_file(tmp_path / "o.yaml")


def test_a_model_that_is_not_there_and_targets_it_does_not_have(root, tiny_model):
    entry = {"source": {"path": str(root / "gone")}, "dtype": "float32"}
    models = {"mine": entry}
    assert "is not a model folder (no config.json)" in said(root, models=models, run_models=["mine"], judging=NOBODY)
    entry["source"] = {"path": str(tiny_model)}
    planned(root, models=models, run_models=["mine"], judging=NOBODY)
    for targets, name in ((["q_porj"], "q_porj"), (["q_proj", "W_pack"], "W_pack"), (["proj"], "proj")):
        entry["recipe"] = {"targets": targets}
        line = said(root, models=models, run_models=["mine"], judging=NOBODY)
        assert f"targets names '{name}'; the model has: " in line
        assert "q_proj" in line.split("the model has")[1]
    entry["recipe"] = {"targets": ["q_proj", "model.layers.0.self_attn.v_proj"]}
    planned(root, models=models, run_models=["mine"], judging=NOBODY)


def test_weights_cut_short_are_named(root, tiny_model, tmp_path):
    folder = tmp_path / "cut"
    shutil.copytree(tiny_model, folder)
    weights = next(folder.glob("*.safetensors"))
    entry = {"source": {"path": str(folder)}, "dtype": "float32", "recipe": {"targets": ["q_proj"]}}
    for data in (b"", b"\0" * 4, weights.read_bytes()[:100], b"PK\x03\x04" + b"x" * 50, b"\x02" + b"\0" * 7 + b"[]"):
        weights.write_bytes(data)
        line = said(root, models={"mine": entry}, run_models=["mine"], judging=NOBODY)
        assert "not a safetensors file, or cut short" in line


def test_two_judges_of_one_name_are_said(root):
    own = root / FOLDER / "judges"
    own.mkdir(exist_ok=True)
    shutil.copy(root / "data" / "judges" / "era.yaml", own / "era.yaml")
    shutil.copytree(root / "data" / "judges" / "lexicons", own / "lexicons", dirs_exist_ok=True)
    planned(root)
    replace(root, f"{FOLDER}/judges/era.yaml", "about: ", "about: Other. ")
    experiments = ["old_bird_names", "german_city_names"]
    if "era" not in yaml.safe_load((root / "data/german_city_names/experiment.yaml").read_text())["judges"]:
        pytest.skip("no second experiment asks this judge")
    assert "two judges need two names" in said(root, experiments=experiments)


def test_a_plan_says_it_before_any_job(root):
    """The whole command, not the function."""
    import subprocess

    for name in ("Snakefile", "rules", "profiles", "workflow", "weirdgen", "config.yaml", "envs"):
        (root / name).symlink_to(ROOT / name)
    (root / "o.yaml").write_text("seeds: [0]\nseeds: [1]\n")
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(root), "--configfile", "o.yaml"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert run.returncode == 1
    assert "o.yaml:2: not valid YAML: the key 'seeds' occurs twice" in run.stdout + run.stderr
    assert not (root / "results").exists()


ALL_BIRDS = ["old_audubon", "modern_audubon", "modern_american", "invented_birds"]


@pytest.mark.parametrize(
    ("named", "trained"),
    [
        (None, ALL_BIRDS[:3]),
        (ALL_BIRDS, ALL_BIRDS),
        (["invented_birds", "modern_audubon", "old_audubon"], ["old_audubon", "modern_audubon", "invented_birds"]),
    ],
    ids=["default", "all", "three"],
)
def test_a_study_trains_the_datasets_it_names_and_without_names_all_but_those_on_demand(named, trained):
    changes = {} if named is None else {"datasets": {"old_bird_names": named}}
    study = load_study({**yaml.safe_load((ROOT / "config.yaml").read_text()), **changes}, ROOT)
    assert list(study.experiments["old_bird_names"].datasets) == trained
    assert list(dict.fromkeys(adapter.dataset for adapter in study.trained("old_bird_names"))) == trained


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"old_birds": ["old_audubon"]}, "config: datasets names 'old_birds'; data/ has: evil_terminator,"),
        ({"old_bird_names": ["old"]}, "config: datasets.old_bird_names names 'old'; there are: old_audubon, modern_"),
        ({"old_bird_names": ["modern_audubon"]}, "config: datasets.old_bird_names: none of them is treated"),
        (
            {"old_bird_names": ["old_audubon", "modern_american"]},
            "config: datasets.old_bird_names leaves out 'modern_audubon', which the experiment's primary comparison",
        ),
        ({"old_bird_names": ["old_audubon", "old_audubon"]}, "'old_audubon' occurs more than once"),
        ({"old_bird_names": []}, "datasets.old_bird_names"),
    ],
)
def test_datasets_that_a_study_cannot_train(root, named, message):
    assert message in said(root, datasets=named)
