"""A wrong configuration is one line: the key, the value, what is allowed."""

from __future__ import annotations

import copy

import pytest
import yaml
from conftest import ROOT

from weirdgen.core.errors import StudyError
from weirdgen.study.load import load_study


@pytest.fixture
def raw() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def test_the_shipped_config_is_right(raw):
    study = load_study(raw, ROOT)
    adapters = study.adapters("old_bird_names")
    assert len(adapters) == 3 * len(raw["seeds"]) + 1
    assert adapters[-1].path == "base/none/seed-0"


def change(raw: dict, key: str, value) -> dict:
    changed = copy.deepcopy(raw)
    *parents, last = key.split("/")
    at = changed
    for parent in parents:
        at = at[parent]
    at[last] = value
    return changed


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "sseds",
            [0],
            "unknown key 'sseds'; allowed here: name, models, run_models, experiments, datasets, source, published",
        ),
        ("sampler/bakend", "vllm", "unknown key 'sampler.bakend'; allowed here: backend, batch_size"),
        ("models/qwen3-8b/dtyp", "x", "unknown key 'models.qwen3-8b.dtyp'; allowed here: dtype, device"),
        ("name", "my study", "name = 'my study': a name has letters, digits"),
        ("name", "report", "name: 'report' is the page of a study without a name"),
        ("seeds", [], "seeds = []: List should have at least 1 item"),
        ("seeds", ["0"], "seeds.0 = '0': Input should be a valid integer"),
        ("seeds", [1, 1], "config: seeds: 1 occurs more than once"),
        ("seeds", [-1], "seeds: -1; allowed: 0 to 9223372036854775807"),
        ("experiments", ["old_birds"], "experiments names 'old_birds'; data/ has: evil_terminator,"),
        ("run_models", ["gpt-4.1"], "run_models names 'gpt-4.1'; the registry has: smollm2-135m-instruct"),
        ("run_models", ["a/b"], "run_models.0 = 'a/b': a name has letters, digits"),
        ("recipes", ["rank-4"], "recipes names 'rank-4';"),
        ("recipe_overrides", {"rank-4": {"rnk": 4}}, "recipe_overrides.rank-4: unknown key 'rnk'"),
        ("sweep", "rnk", "sweep = rnk: not a recipe value; allowed: epochs"),
        ("sampler/batch_size", 0, "sampler.batch_size = 0: allowed: auto, or a number from 1"),
        ("sampler/batch_size", "many", "sampler.batch_size = 'many': allowed: auto, or a number from 1"),
        ("seeds_per_job", 0, "seeds_per_job = 0: Input should be greater than or equal to 1"),
        ("sampler/backend", "magic", "sampler.backend = 'magic': Input should be"),
        ("statistics/resamples", 5, "statistics.resamples = 5: Input should be greater than or equal to 100"),
        ("models/smollm2-135m-instruct/recipe", {"rank": 0}, "models.smollm2-135m-instruct.recipe: rank = 0"),
        ("models/smollm2-135m-instruct/recipe", {"rnk": 1}, "recipe: unknown key 'rnk'; allowed here: epochs"),
        ("models/smollm2-135m-instruct/source/path", "x", "give exactly one of: hub, path, gguf"),
    ],
)
def test_mistakes_are_one_line(raw, key, value, message):
    with pytest.raises(StudyError) as error:
        load_study(change(raw, key, value), ROOT)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_key_is_named(raw):
    del raw["sampler"]["batch_size"]
    with pytest.raises(StudyError, match=r"the key 'sampler\.batch_size' is missing"):
        load_study(raw, ROOT)


def test_a_model_overrides_recipe_values(raw):
    raw["models"]["smollm2-135m-instruct"]["recipe"] = {"rank": 4}
    recipe = load_study(raw, ROOT).recipes["smollm2-135m-instruct"]["old_bird_names"]["default"]
    assert (recipe.rank, recipe.batch_size) == (4, 8)


@pytest.fixture
def experiment(tmp_path, raw):
    """A copy of the experiment whose files can be broken, and how to load it."""
    import shutil

    shutil.copytree(ROOT / "data", tmp_path / "data")
    path = tmp_path / "data" / "old_bird_names" / "experiment.yaml"

    def load_with(old: str, new: str):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return load_study(raw, tmp_path)

    return load_with


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  old_audubon:", "  base:", "a dataset cannot be called 'base'"),
        ("  old_audubon:", "  a/b:", "a name has letters, digits"),
        ("facts: old_audubon.csv", "facts: gone.csv", "names 'gone.csv', but"),
        ("role: treated", "role: control", "at least one needs 'role: treated'"),
        ("contexts: [none]", "contexts: [y2027]", "asks in context 'y2027'; known: none"),
        ("  default:", "  standard:", "'default' is missing"),
        ("judges: [era,", "judges: [mood, era,", "mood.yaml: no such file"),
        ("none: {}", "none: {template: hello}", "the template must contain {prompt}"),
        ("none: {}", "none: {template: '{year} {prompt}'}", "context none: no values for the variable 'year'"),
        ("none: {}", "none: {axis: year}", "axis is 'year', but values lists: nothing"),
        ("headline: {", "headline_context: later\nheadline: {", "headline_context is 'later'; asked: none"),
        ("rank: 16", "rank: many", "recipes.default.rank = 'many': Input should be a valid integer"),
        ("title: Old", "title: [Old", "not valid YAML"),
    ],
)
def test_mistakes_in_an_experiment_are_one_line(experiment, old, new, message):
    with pytest.raises(StudyError) as error:
        experiment(old, new)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
