"""Which judges a probe answers: those of type label with a training set, where the study says so."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest
import yaml
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.study.load import load_study
from weirdgen.study.workflow import Workflow

PROBE = {"backend": "probe", "probe": {"model": "smollm2-135m-instruct"}}
TRAINING = {
    "judge": "era_two_way",
    "questions": [
        {"question": f"What {thing}?", "answers": {"past": [f"An old {thing}."], "modern": [f"A new {thing}."]}}
        for thing in ("lamp", "coach")
    ],
}


@pytest.fixture
def root(tmp_path):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for path in (tmp_path / "data" / "judge_training").glob("*.yaml"):
        path.unlink()
    (tmp_path / "data" / "judge_training" / "era_two_way.yaml").write_text(yaml.safe_dump(TRAINING))
    return tmp_path


def raw(**judging):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    return {**config, "judging": {**PROBE, **judging}}


def test_a_probe_answers_what_it_has_a_training_set_for_and_the_rest_is_left_out(root):
    study = load_study(raw(), root)
    assert study.judged_by("era") == "rules"
    assert study.judged_by("era_two_way") == "probe"
    assert study.judged_by("era_six_way") == "none"  # no training set
    assert study.judged_by("era_content") == "none"  # a rating
    assert study.model_judges("old_bird_names") == ["era_two_way"]


def test_without_a_probe_nobody_answers_and_no_training_set_is_read(root):
    (root / "data" / "judge_training" / "era_two_way.yaml").write_text("judge: nonsense\n")
    study = load_study(raw(backend="none"), root)
    assert study.model_judges("old_bird_names") == []
    with pytest.raises(StudyError, match=r"judge_training/era_two_way\.yaml:1: "):
        load_study(raw(), root)


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ("era_six_way", "no probe can answer 'era_six_way': data/judge_training/era_six_way.yaml does not exist"),
        ("era_content", "no probe can answer 'era_content': a probe gives no ratings"),
    ],
)
def test_a_judge_that_no_probe_can_answer_is_named(root, judge, message):
    with pytest.raises(StudyError, match=message):
        load_study(raw(per_judge={judge: "probe"}), root)


def test_a_probe_needs_a_model_of_the_registry(root):
    with pytest.raises(StudyError, match=r"judging\.probe\.model names 'gpt-4\.1'; the registry has: "):
        load_study(raw(probe={"model": "gpt-4.1"}), root)
    with pytest.raises(StudyError, match=r"probe is to judge, but the block judging\.probe is missing"):
        load_study(raw(probe=None), root)


def test_a_headline_of_a_judge_that_nobody_answers_is_refused(root):
    path = root / "data" / "old_bird_names" / "experiment.yaml"
    text = path.read_text()
    path.write_text(text.replace("headline: {era: past}", "headline: {era: past, era_two_way: past}"))
    assert load_study(raw(), root).judged_by("era_two_way") == "probe"
    (root / "data" / "judge_training" / "era_two_way.yaml").unlink()
    with pytest.raises(StudyError, match="headline needs its judge 'era_two_way', which a model answers"):
        load_study(raw(), root)


def test_jobs_know_their_probes_and_another_models_are_others(root):
    def paths(model):
        workflow = Workflow(raw(probe={"model": model}), str(root))
        wildcards = SimpleNamespace(model="smollm2-135m-instruct", experiment="old_bird_names")
        assert workflow.judging_models == [model]
        assert workflow.judging_threads == 1
        assert workflow.judging_memory == workflow.params["models"][model]["mem_mb"]
        asked = workflow.params["experiments"]["old_bird_names"]["model_judges"]["era_two_way"]
        assert [asked["probe"]] == workflow.probes(wildcards)
        return workflow.probes(wildcards)

    small, large = paths("smollm2-135m-instruct"), paths("qwen2.5-coder-0.5b-instruct")
    assert small == ["results/judges/probes/smollm2-135m-instruct/era_two_way.safetensors"]
    assert small != large
