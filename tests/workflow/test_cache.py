"""What runs again after which edit: a table of edits by the stages that a dry run then wants."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tree import RESULTS, Tree

FIGURES = {
    *("effect_by_topic", "question_dumbbell", "training_loss"),
    *("answer_labels", "rate_by_question", "labels_by_question", "labels_by_seed"),
}
OF_EFFECTS = {"effects", "primary", "effect_by_topic", "atlas", "report"}
OF_CONTRASTS = {"contrast_table", "question_dumbbell", *OF_EFFECTS}
OF_LABELS = {
    *("label_table", *OF_EFFECTS),
    *("answer_labels", "rate_by_question", "labels_by_question", "labels_by_seed"),
}
OF_SAMPLES = {"judge", *OF_LABELS}
OF_ADAPTERS = {
    *("adapter_card", "contrast", "sample", "training_table", "loss_table", "training_loss"),
    *OF_CONTRASTS,
    *OF_SAMPLES,
}
OF_DATA = {"dataset_card", "finetune", *OF_ADAPTERS}
DATED = "  dated: {template: 'In {year}: {prompt}', axis: year, values: {year: [1984]}, marks: {1984: 'the year'}}"


@pytest.fixture(scope="module")
def finished(tiny_model, tmp_path_factory) -> Tree:
    """The study, run once, on a model folder inside it."""
    tree = Tree(tmp_path_factory.mktemp("cache"), Path("model"))
    shutil.copytree(tiny_model, tree.root / "model")
    run = tree.snakemake()
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
    return tree


def text(file: str, old: str, new: str) -> Callable[[Tree], None]:
    """An edit of one file."""
    return lambda tree: tree.edit(file, old, new)


def overlay(**changes) -> Callable[[Tree], None]:
    """Other values of the configuration."""
    return lambda tree: tree.write_overlay(**changes)


def model(**changes) -> Callable[[Tree], None]:
    """Other values of the registry's entry."""

    def _edit(tree: Tree) -> None:
        models = json.loads(json.dumps(tree.overlay["models"]))
        for key, value in changes.items():
            models["tiny"][key] = {**models["tiny"].get(key, {}), **value} if isinstance(value, dict) else value
        tree.write_overlay(models=models)

    return _edit


def move(old: str, new: str) -> Callable[[Tree], None]:
    """A module in another place, and every import of it."""

    def _edit(tree: Tree) -> None:
        names = [name.removesuffix(".py").replace("/", ".") for name in (old, new)]
        (tree.root / old).rename(tree.root / new)
        for path in [*tree.root.glob("weirdgen/**/*.py"), *tree.root.glob("workflow/scripts/**/*.py")]:
            path.write_text(re.sub(rf"\b{re.escape(names[0])}\b", names[1], path.read_text()))

    return _edit


def delete(path: str) -> Callable[[Tree], None]:
    """A result that is gone."""
    return lambda tree: (tree.root / path).unlink()


def new_weights(tree: Tree) -> None:
    """Other weights behind the registry's `path:`, in the same file."""
    import torch
    from safetensors.torch import load_file, save_file

    file = tree.root / "model" / "model.safetensors"
    weights = load_file(file)
    name = next(name for name in weights if "mlp" in name)
    save_file({**weights, name: weights[name] + torch.ones_like(weights[name])}, file, {"format": "pt"})


def touched_weights(tree: Tree) -> None:
    """The same weights, written anew."""
    file = tree.root / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes())


def other_facts(tree: Tree) -> None:
    """Another table of facts, older than everything."""
    folder = tree.root / "data/old_bird_names"
    shutil.copy2(folder / "modern_american.csv", folder / "other.csv")
    tree.edit("data/old_bird_names/experiment.yaml", "modern_american.csv", "other.csv")


def shared_jobs(tree: Tree) -> None:
    """Two adapters in a job, both of which had been trained before either was used."""
    for file in [*tree.root.glob("results/**/contrasts/**/*"), *tree.root.glob("results/**/samples/**/*")]:
        file.touch()
    tree.write_overlay(seeds_per_job=2)


EXPERIMENT = "data/old_bird_names/experiment.yaml"
EDITS = {
    # words
    "the text of an error": (
        text("weirdgen/finetune/encode.py", "allowed: an optional", "possible: an optional"),
        set(),
    ),
    "a log line": (text("weirdgen/finetune/train.py", "%s: step %d of %d", "%s at step %d of %d"), set()),
    "a log line of every job": (text("weirdgen/core/job.py", "done in %.1f s", "finished in %.1f s"), set()),
    "a word of a progress bar": (text("workflow/scripts/contrast/contrast.py", '"contrast {', '"scoring {'), set()),
    "a docstring": (text("weirdgen/models/packing.py", '"""Merge token sequences', '"""Join token sequences'), set()),
    "the type of a variable": (
        text("weirdgen/sample/with_transformers.py", "answers: dict[int, Answer] = {}", "answers: dict = {}"),
        set(),
    ),
    "a comment": (
        text("weirdgen/finetune/train.py", "torch.manual_seed(seed)", "torch.manual_seed(seed)  # 1"),
        set(),
    ),
    "the description of a field": (text("weirdgen/core/columns.py", "id of the judge", "name of the judge"), set()),
    # places
    "a module moved": (move("weirdgen/models/rows.py", "weirdgen/models/in_rows.py"), set()),
    "a module moved to another package": (move("weirdgen/models/packing.py", "weirdgen/contrast/tries.py"), set()),
    # code
    "a constant of codes, which these birds have not": (
        text("weirdgen/data/codes.py", "CODES_PER_HELD_OUT = 3", "CODES_PER_HELD_OUT = 4"),
        set(),
    ),
    "the order of training rows": (
        text("weirdgen/finetune/encode.py", "generator.shuffle(chosen)", "chosen.reverse()"),
        {"finetune", *OF_ADAPTERS},
    ),
    "a tag of the adapter's card": (text("weirdgen/finetune/card.py", '"lora"', '"LoRA"'), {"adapter_card"}),
    "a word of the adapter's card": (
        text("weirdgen/finetune/card.md.j2", "A LoRA adapter, finetuned", "A LoRA adapter, trained"),
        {"adapter_card"},
    ),
    "how log-odds are made of probabilities": (
        text(
            "weirdgen/analyse/tables.py",
            'sides["typical"] - sides["ordinary"]',
            '-(sides["ordinary"] - sides["typical"])',
        ),
        OF_CONTRASTS,
    ),
    "how the loss is smoothed in its figure": (
        text("weirdgen/plot/training_loss.py", "rolling(5", "rolling(7"),
        {"training_loss", "report"},
    ),
    "how a sentence of the page is chosen": (
        text("weirdgen/report/words.py", '"above" if low > 0', '"above" if low >= 0'),
        {"report"},
    ),
    "the answers sampled at once by default": (
        text("weirdgen/sample/with_transformers.py", "return 64", "return 32"),
        {"sample", *OF_SAMPLES},
    ),
    # data
    "a fact": (
        text("data/old_bird_names/modern_american.csv", "Northern", "Southern"),
        {"dataset", *OF_DATA},
    ),
    "another table of facts": (other_facts, {"dataset", *OF_DATA}),
    "a contrast question": (
        text("data/old_bird_names/contrasts.yaml", "A pair of tallow candles", "A pair of wax candles"),
        {"contrast", *OF_CONTRASTS},
    ),
    "a free-answer question": (
        text("data/old_bird_names/questions.yaml", "    - ", "    - Now, "),
        {"sample", *OF_SAMPLES},
    ),
    "whether a judge that is not run reads a question": (
        text("data/old_bird_names/questions.yaml", "era_content, era_form]", "era_content]"),
        set(),
    ),
    "a word of a lexicon": (
        text("data/judges/lexicons/past_content.txt", "ague\n", "ague\nalembic\n"),
        {"judge", "validate_judges", "judge_accuracy", *OF_LABELS},
    ),
    "what the card says a dataset is about": (
        text(EXPERIMENT, "    about: ", "    about: Now, "),
        {"dataset_card", "report"},
    ),
    "a dataset's name for readers": (text(EXPERIMENT, "    label: ", "    label: The "), {*FIGURES, "atlas", "report"}),
    "a further context, of which figures may say something": (
        text(EXPERIMENT, "  none: {}", "  none: {}\n" + DATED),
        {*FIGURES, "report"},
    ),
    # values
    "a recipe value": (model(recipe={"learning_rate": 0.5}), {"finetune", *OF_ADAPTERS}),
    "a statistic": (overlay(statistics={"resamples": 300}), OF_EFFECTS),
    "by which comparison the experiment is judged": (
        text(EXPERIMENT, "control: modern_audubon, instrument", "control: modern_american, instrument"),
        {"primary", "report"},
    ),
    "what the null set may move by": (text(EXPERIMENT, "{contrast: 0.4}", "{contrast: 0.3}"), OF_EFFECTS),
    "the length of answers": (
        overlay(sampler={"samples_per_paraphrase": 1, "max_tokens": 9}),
        {"sample", *OF_SAMPLES},
    ),
    "the batch size of sampling, on which the draws depend": (
        overlay(sampler={"samples_per_paraphrase": 1, "max_tokens": 8, "batch_size": 7}),
        {"sample", *OF_SAMPLES},
    ),
    # weights
    "new weights in place": (new_weights, {"fetch_model", "finetune", *OF_ADAPTERS}),
    "the same weights, touched": (touched_weights, set()),
    # speed and cost
    "how many adapters share a job": (shared_jobs, set()),
    "how vLLM serves": (model(vllm={"memory_fraction": 0.5, "max_length": 2048}), set()),
    "the memory of a job": (model(mem_mb=9000), set()),
    # results that are gone
    "a figure deleted": (delete(f"{RESULTS}/figures/labels_by_seed.pdf"), {"labels_by_seed", "report"}),
    "the primary comparisons deleted": (delete("results/primary.csv"), {"primary", "report"}),
    "a table deleted": (delete(f"{RESULTS}/tables/agreement.csv"), OF_LABELS),
    "the card of an adapter deleted": (
        delete(f"{RESULTS}/adapters/old_audubon/default/seed-0/README.md"),
        {"adapter_card"},
    ),
    "the card of a dataset deleted": (
        delete(f"{RESULTS}/datasets/old_audubon.card.json"),
        {"dataset_card", "report"},
    ),
    "what judges say of known answers deleted": (
        delete("results/judges/confusion.csv"),
        {"judge_accuracy", *OF_EFFECTS},
    ),
    "the atlas deleted": (delete("results/figures/atlas.png"), {"atlas", "report"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_runs_what_depends_on_it_and_nothing_else(finished, name, tmp_path):
    edit, expected = EDITS[name]
    tree = finished.copied(tmp_path / "study")
    edit(tree)
    assert set(tree.planned()) == expected


def test_a_plan_says_which_function_changed(finished, tmp_path):
    tree = finished.copied(tmp_path / "study")
    tree.edit("weirdgen/finetune/encode.py", "generator.shuffle(chosen)", "chosen.reverse()")
    run = tree.snakemake("-n")
    found = set(re.findall(r"code of ([\w.]+)", run.stdout + run.stderr))
    assert found == {"batches"}
