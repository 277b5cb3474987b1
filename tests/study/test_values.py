"""What rules look up: values, files, who shares a job, and what is remembered."""

from __future__ import annotations

import inspect
import os
from types import SimpleNamespace

import pytest
import yaml
from conftest import ROOT

from weirdgen.core.names import BASE
from weirdgen.study.workflow import Workflow


class Wildcards(SimpleNamespace):
    """As Snakemake gives them."""

    def items(self):
        return vars(self).items()


ONE = Wildcards(
    model="smollm2-135m-instruct", experiment="old_bird_names", dataset="old_audubon", recipe="default", seed="1"
)


@pytest.fixture
def workflow(monkeypatch):
    """Make a study from config.yaml with changes to its keys."""
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))

    def make(**changes) -> Workflow:
        return Workflow({**yaml.safe_load((ROOT / "config.yaml").read_text()), **changes}, str(ROOT))

    return make


def test_two_studies_have_a_page_and_an_atlas_of_their_own(workflow):
    default, named = workflow(), workflow(name="mine")
    assert (default.page, default.atlas) == ("results/report.html", "results/figures/atlas")
    assert (named.page, named.atlas) == ("results/mine.html", "results/figures/mine/atlas")
    assert named.told_to_page["atlas"] == "figures/mine/atlas"
    assert default.tables == named.tables


def test_a_job_serves_one_adapter_or_as_many_as_asked(workflow):
    [one] = workflow().seeds
    pattern = "samples/{dataset}/{recipe}/seed-{seed}.parquet"
    assert one.each(pattern) == ["results/{model}/{experiment}/samples/{dataset}/{recipe}/seed-{seed}.parquet"]
    assert (one.suffix, one.name, one.of_job(ONE, None)) == ("", "seed-{seed}", [1])
    folder = "results/smollm2-135m-instruct/old_bird_names/adapters"
    assert one.adapters(ONE) == [f"{folder}/old_audubon/default/seed-1/adapter_model.safetensors"]
    assert one.adapters(Wildcards(**{**vars(ONE), "dataset": BASE})) == []
    base, *groups = workflow(seeds_per_job=2).seeds
    assert base.datasets == BASE
    assert [group.numbers for group in groups] == [(0, 1), (2,)]
    assert [group.suffix for group in groups] == ["_0_1", "_2"]
    assert [group.name for group in groups] == ["seeds-0-1", "seeds-2"]
    assert len(groups[0].adapters(ONE)) == len(groups[0].each(pattern)) == 2


def test_what_decides_speed_only_is_a_function_of_output(workflow):
    """Which is how Snakemake knows that it is not to be remembered."""
    study = workflow()
    assert "output" in inspect.signature(study.knob("models/{model}/serving")).parameters
    assert "output" in inspect.signature(study.seeds[0].of_job).parameters
    assert "output" not in inspect.signature(study.param("models/{model}/load")).parameters
    assert study.knob("models/{model}/serving")(ONE, None)["memory_fraction"] == 0.9


def test_an_endpoints_address_and_limits_decide_no_reply(workflow):
    openai = {"base_url": "http://a", "model": "m", "max_requests": 1, "max_tokens": 1}
    one = workflow(judging={"backend": "openai", "openai": openai})
    two = workflow(judging={"backend": "openai", "openai": {**openai, "base_url": "http://b", "concurrency": 2}})
    three = workflow(judging={"backend": "openai", "openai": {**openai, "reply_tokens": 9}})
    assert one.params["judging"]["replies"] == two.params["judging"]["replies"]
    assert one.params["judging"]["models"] != two.params["judging"]["models"]
    assert one.params["judging"]["replies"] != three.params["judging"]["replies"]


def test_only_models_behind_a_path_are_hashed_for_a_plan(workflow, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    models = {"here": {"source": {"path": str(tmp_path)}}}
    study = workflow(models={**yaml.safe_load((ROOT / "config.yaml").read_text())["models"], **models})
    object.__setattr__(study.study, "root", tmp_path)
    assert study.weights(ONE) is None
    found = study.weights(Wildcards(model="here"))
    assert list(found) == ["config.json"]
    (tmp_path / "config.json").write_text('{"a": 1}')
    assert study.weights(Wildcards(model="here")) != found


def test_what_is_trained_with_codes_is_trained_under_a_rule_of_its_own(workflow):
    import re

    plain, watched = workflow(experiments=["old_bird_names", "us_presidents"]).trainings
    for name, training in (("old_bird_names", plain), ("us_presidents", watched)):
        other = watched if training is plain else plain
        assert re.match(f"(?:{training.experiments})/", f"{name}/")
        assert not re.match(f"(?:{other.experiments})/", f"{name}/")
    assert watched.more == {"curve": "curve.csv"}
