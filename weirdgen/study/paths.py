"""Every file of the workflow: what a rule writes, and what the functions of its wildcards read."""

from __future__ import annotations

import os
from typing import Any

from weirdgen.core.names import Adapter
from weirdgen.judge.files import lexicon_names, validation_set
from weirdgen.judge.training import training_set
from weirdgen.plot.catalogue import FIGURES
from weirdgen.study.config import DEFAULT_NAME
from weirdgen.study.load import Kind, Study
from weirdgen.study.told import figure_names

RUN = "results/{model}/{experiment}"
"""All that belongs to one experiment on one model."""

TABLES = (
    "effects",
    "group_means",
    "labels",
    "form",
    "others",
    "ratings",
    "agreement",
    "contrasts",
    "training",
    "losses",
)
ENDINGS = ("csv", "png", "svg", "pdf")
KINDS: tuple[Kind, ...] = ("rules", "models")


def results(path: str) -> str:
    """A path below an experiment's results on a model."""
    return f"{RUN}/{path}"


def logs(path: str, shared: bool = False) -> str:
    """The log of a job, by `<stage>/<rule or wildcards>`; shared: of a job that serves all experiments."""
    return f"{'results' if shared else RUN}/logs/{path}.log"


def benchmarks(path: str, shared: bool = False) -> str:
    """The seconds and memory of a job, beside its log."""
    return logs(path, shared).removesuffix(".log") + ".benchmark.tsv"


class Paths:
    """The files of a study."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @property
    def page(self) -> str:
        """The study's page: two studies do not overwrite each other's."""
        name = self.study.config.name
        return f"results/{'report' if name == DEFAULT_NAME else name}.html"

    @property
    def atlas(self) -> str:
        """The files of the study's atlas, without their ending."""
        name = self.study.config.name
        return f"results/figures/{'atlas' if name == DEFAULT_NAME else f'{name}/atlas'}"

    @property
    def scale(self) -> str:
        """The files of the figure over models, without their ending."""
        name = self.study.config.name
        return f"results/figures/{'scale' if name == DEFAULT_NAME else f'{name}/scale'}"

    @property
    def over_models(self) -> list[str]:
        """The figure over models in all its forms, where the study has several."""
        several = len(self.study.config.run_models) > 1
        return [f"{self.scale}.{ending}" for ending in ENDINGS] if several else []

    @property
    def weights_of_models(self) -> list[str]:
        """What tells each model's weights from any others, in the order of `run_models`."""
        return [f"resources/models/{model}/source.json" for model in self.study.config.run_models]

    @property
    def primary(self) -> str:
        """The study's primary comparisons."""
        name = self.study.config.name
        return f"results/{'primary' if name == DEFAULT_NAME else f'{name}.primary'}.csv"

    @property
    def power(self) -> str:
        """What the study's primary comparisons would detect with more seeds or questions."""
        name = self.study.config.name
        return f"results/{'power' if name == DEFAULT_NAME else f'{name}.power'}.csv"

    @property
    def recipes(self) -> str:
        """The loss on rows held out, by model and recipe."""
        name = self.study.config.name
        return f"results/{'recipes' if name == DEFAULT_NAME else f'{name}.recipes'}.csv"

    @property
    def held_out_rows(self) -> str:
        """The same by dataset."""
        return self.recipes.replace("recipes.csv", "held_out.csv")

    def model(self, wildcards: Any) -> str:
        """What tells a fetched model's weights from any others: it changes with them."""
        return f"resources/models/{wildcards.model}/source.json"

    def contrasts(self, wildcards: Any) -> str:
        """The contrast questions of an experiment."""
        return f"{self._folder(wildcards)}/{self.study.experiments[wildcards.experiment].contrasts.file}"

    def questions(self, wildcards: Any) -> str:
        """The free-answer questions of an experiment."""
        return f"{self._folder(wildcards)}/{self.study.experiments[wildcards.experiment].free_answers.file}"

    def facts(self, wildcards: Any) -> list[str]:
        """The table of facts that a dataset is rendered from, if it is."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        return [f"{self._folder(wildcards)}/{dataset.facts}"] if dataset.facts else []

    @property
    def tables_of_facts(self) -> list[str]:
        """What this project's own data are made of: data/*/experiment.yaml, and the tables it names."""
        folders = sorted(path.parent for path in (self.study.root / "data").glob("*/experiment.yaml"))
        return [
            str(file.relative_to(self.study.root))
            for folder in folders
            for file in (folder / "experiment.yaml", *sorted(folder.glob("*.csv")))
        ]

    def chats(self, wildcards: Any) -> list[str]:
        """The file of chats that a dataset is, if it is one."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        file = dataset.jsonl or dataset.parquet
        return [os.path.join(self._folder(wildcards), file)] if file else []

    def ordinary(self, wildcards: Any) -> list[str]:
        """The ordinary data that a dataset mixes in, if it does."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        return [self._result("ordinary.jsonl", wildcards)] if dataset.ordinary else []

    def ordinary_prompts(self, wildcards: Any) -> list[str]:
        """The prompts of an experiment's ordinary data."""
        ordinary = self.study.experiments[wildcards.experiment].ordinary
        return [f"{self._folder(wildcards)}/{ordinary.file}"] if ordinary else []

    def coded_facts(self, wildcards: Any) -> list[str]:
        """The table of facts that is asked about while an adapter trains, in experiments with codes."""
        return self.facts(wildcards) if self.study.experiments[wildcards.experiment].codes else []

    def samples(self, wildcards: Any) -> list[str]:
        """The samples of every adapter of an experiment, in the order of `adapters`."""
        return self._each(self.study.adapters(wildcards.experiment), "samples/{}.parquet", wildcards)

    def scores(self, wildcards: Any) -> list[str]:
        """The contrasts of every adapter of an experiment, in the order of `adapters`."""
        return self._each(self.study.adapters(wildcards.experiment), "contrasts/{}.parquet", wildcards)

    def training_logs(self, wildcards: Any) -> list[str]:
        """The training log of every trained adapter, in the order of `trained`."""
        return self._each(self.study.trained(wildcards.experiment), "adapters/{}/train_log.csv", wildcards)

    def measured_held_out(self, wildcards: Any) -> list[tuple[str, str]]:
        """Dataset and recipe of every training of an experiment with rows held out, where the study measures it."""
        return self._held_out(wildcards.experiment) if self.study.config.held_out else []

    def held_out(self, wildcards: Any) -> list[str]:
        """The losses on rows held out, in the order of `measured_held_out`."""
        found = self.measured_held_out(wildcards)
        return [self._result(f"held_out/{dataset}/{recipe}.csv", wildcards) for dataset, recipe in found]

    @property
    def held_out_of(self) -> list[tuple[str, str, str, str]]:
        """Model, experiment, dataset and recipe of every training with rows held out."""
        return [(model, name, *pair) for model, name in self.study.runs() for pair in self._held_out(name)]

    @property
    def all_held_out(self) -> list[str]:
        """The losses on rows held out of the whole study, in the order of `held_out_of`."""
        return [
            _in(model, name, f"held_out/{dataset}/{recipe}.csv") for model, name, dataset, recipe in self.held_out_of
        ]

    def datasets(self, wildcards: Any) -> list[str]:
        """The training data of an experiment, in the order of `dataset_names`."""
        names = self.study.experiments[wildcards.experiment].datasets
        return [self._result(f"datasets/{name}.jsonl", wildcards) for name in names]

    def all_ordinary(self, wildcards: Any) -> list[str]:
        """The ordinary data of an experiment, if any of its datasets mixes some in."""
        mixed = any(dataset.ordinary for dataset in self.study.experiments[wildcards.experiment].datasets.values())
        return [self._result("ordinary.jsonl", wildcards)] if mixed else []

    def curves(self, wildcards: Any) -> list[str]:
        """The scores at checkpoints of every trained adapter, in the order of `trained`."""
        return self._each(self.study.trained(wildcards.experiment), "adapters/{}/curve.csv", wildcards)

    def judgments(self, wildcards: Any) -> list[str]:
        """Every judgment of an experiment: by rules, one file per adapter, then by models, one for all."""
        by_rules = self._each(self.study.adapters(wildcards.experiment), "judgments/{}.parquet", wildcards)
        return by_rules + self._model_judgments(wildcards)

    def judgments_of_adapter(self, wildcards: Any) -> list[str]:
        """The judgments of one adapter: by rules, then by models, with those of all others."""
        own = Adapter(wildcards.dataset, wildcards.recipe, int(wildcards.seed))
        return self._each([own], "judgments/{}.parquet", wildcards) + self._model_judgments(wildcards)

    def judge_files(self, wildcards: Any) -> list[str]:
        """The YAMLs of an experiment's rules judges and the lexicons they name."""
        return self._judge_files(self.study.rules_judges(wildcards.experiment))

    def model_judge_files(self, wildcards: Any) -> list[str]:
        """The YAMLs of an experiment's judges that a model answers."""
        return [self.study.judge_paths[judge] for judge in self.study.model_judges(wildcards.experiment)]

    @property
    def judging_models(self) -> list[str]:
        """The names of the local models that judge, through vLLM or by their hidden states."""
        backends = {self.study.judged_by(judge) for judge in self.study.all_judges("models")}
        blocks = {"probe": self.study.config.judging.probe, "vllm": self.study.config.judging.vllm}
        return [block.model for name, block in blocks.items() if block is not None and name in backends]

    @property
    def judging_weights(self) -> list[str]:
        """The weights of those models."""
        return [f"resources/models/{model}/source.json" for model in self.judging_models]

    def probes(self, wildcards: Any) -> list[str]:
        """The probes that answer judges of an experiment."""
        return self._probes(self.study.model_judges(wildcards.experiment))

    @property
    def validated_probes(self) -> list[str]:
        """The probes among the judges that a model answers and that have a validation set."""
        return self._probes(self.validated_judges("models"))

    def judge_file(self, wildcards: Any) -> str:
        """The file of one judge."""
        return self.study.judge_paths[wildcards.judge]

    def training_set(self, wildcards: Any) -> str:
        """The answers that a judge's probe is trained on."""
        return training_set(wildcards.judge)

    def probe_model(self, wildcards: Any) -> str:
        """What tells the weights of the probes' model from any others."""
        return f"resources/models/{wildcards.judging_model}/source.json"

    def validated_judges(self, kind: Kind) -> list[str]:
        """The judges of one kind that have a validation set."""
        return [judge for judge in self.study.all_judges(kind) if (self.study.root / validation_set(judge)).is_file()]

    def validation_sets(self, kind: Kind) -> list[str]:
        """The validation sets of the study's judges of one kind, with the judges' own files."""
        judges = self.validated_judges(kind)
        return [validation_set(judge) for judge in judges] + self._judge_files(judges)

    @property
    def validations(self) -> list[str]:
        """The validated judgments of the study: of rules, of models."""
        return [f"results/judges/{kind}.parquet" for kind in KINDS if self.validated_judges(kind)]

    @property
    def confusion(self) -> list[str]:
        """What judges say of answers with a known label, where any has a validation set."""
        return ["results/judges/confusion.csv"] if self.validations else []

    @property
    def accuracy(self) -> list[str]:
        """How far the study's judges can be believed, where any has a validation set."""
        return ["results/judges/accuracy.csv"] if self.validations else []

    def figure_tables(self, figure: str) -> dict[str, str]:
        """The tables that a figure is drawn from, by the names it knows them by."""
        return {name: results(f"tables/{table}.csv") for name, table in FIGURES[figure].tables.items()}

    @property
    def all_effects(self) -> dict[str, str]:
        """`<model>/<experiment>` -> its effects."""
        return {f"{model}/{name}": _in(model, name, "tables/effects.csv") for model, name in self.study.runs()}

    @property
    def all_contrasts(self) -> list[str]:
        """The log-odds by adapter and question of every model and experiment, in the order of `all_effects`."""
        return [_in(model, name, "tables/contrasts.csv") for model, name in self.study.runs()]

    @property
    def tables(self) -> list[str]:
        """Every table of the study."""
        return [path for run in self.study.runs() for path in self._tables(*run)]

    @property
    def figures(self) -> list[str]:
        """Every figure of the study, in all its forms, but the atlas."""
        return [path for run in self.study.runs() for path in self._figures(*run)]

    @property
    def dataset_cards(self) -> list[str]:
        """The data cards of the study."""
        return [
            _in(model, name, f"datasets/{dataset}.card.json")
            for model, name in self.study.runs()
            for dataset in self.study.experiments[name].datasets
        ]

    @property
    def runs(self) -> list[str]:
        """The record of every adapter's training."""
        return self._trained("adapters/{}/run.json")

    @property
    def adapter_cards(self) -> list[str]:
        """The card of every adapter."""
        return self._trained("adapters/{}/README.md")

    @property
    def all_judgments(self) -> list[str]:
        """Every judgment of the study."""
        files = []
        for model, name in self.study.runs():
            files += [_in(model, name, f"judgments/{adapter.path}.parquet") for adapter in self.study.adapters(name)]
            files += [_in(model, name, "model_judgments.parquet")] if self.study.model_judges(name) else []
        return files

    @property
    def inspect_logs(self) -> list[str]:
        """A log for Inspect per adapter, over all models and experiments."""
        return [
            _in(model, name, f"inspect/{adapter.path}.eval")
            for model, name in self.study.runs()
            for adapter in self.study.adapters(name)
        ]

    def of_experiment(self, name: str) -> list[str]:
        """Every table, figure and adapter's card of one experiment, for all models."""
        cards = [f"adapters/{adapter.path}/README.md" for adapter in self.study.trained(name)]
        return [
            path
            for model in self.study.config.run_models
            for path in (
                *self._tables(model, name),
                *self._figures(model, name),
                *(_in(model, name, card) for card in cards),
            )
        ]

    def _held_out(self, experiment: str) -> list[tuple[str, str]]:
        datasets, recipes = self.study.experiments[experiment].datasets, self.study.config.recipes
        return [(dataset, recipe) for dataset in datasets for recipe in recipes]

    def _tables(self, model: str, name: str) -> list[str]:
        tables = [*TABLES, *(["curves"] if self.study.experiments[name].codes else [])]
        return [_in(model, name, f"tables/{table}.csv") for table in tables]

    def _figures(self, model: str, name: str) -> list[str]:
        return [
            _in(model, name, f"figures/{figure}.{ending}")
            for figure in figure_names(self.study, name)
            for ending in ENDINGS
        ]

    def _trained(self, pattern: str) -> list[str]:
        """A file of every trained adapter of the study."""
        return [
            _in(model, name, pattern.format(adapter.path))
            for model, name in self.study.runs()
            for adapter in self.study.trained(name)
        ]

    def _each(self, adapters: list[Adapter], pattern: str, wildcards: Any) -> list[str]:
        return [self._result(pattern.format(adapter.path), wildcards) for adapter in adapters]

    def _result(self, path: str, wildcards: Any) -> str:
        return _in(wildcards.model, wildcards.experiment, path)

    def _folder(self, wildcards: Any) -> str:
        return self.study.folders[wildcards.experiment]

    def _model_judgments(self, wildcards: Any) -> list[str]:
        """The judgments by models, one file for all adapters, where any model judges."""
        judged = self.study.model_judges(wildcards.experiment)
        return [self._result("model_judgments.parquet", wildcards)] if judged else []

    def _probes(self, judges: list[str]) -> list[str]:
        return [self.study.probe(judge) for judge in judges if self.study.judged_by(judge) == "probe"]

    def _judge_files(self, judges: list[str]) -> list[str]:
        files = []
        for judge in judges:
            path = self.study.judge_paths[judge]
            lexicons = lexicon_names(self.study.judges[judge])
            files += [path, *(f"{os.path.dirname(path)}/lexicons/{name}.txt" for name in lexicons)]
        return list(dict.fromkeys(files))


def _in(model: str, experiment: str, path: str) -> str:
    """`results`, of one model and experiment."""
    return results(path).format(model=model, experiment=experiment)
