"""What the rule files look up: the study's paths and narrow params, as plain values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from weirdgen.core.errors import StudyError
from weirdgen.core.fingerprint import fingerprint
from weirdgen.core.names import BASE
from weirdgen.data.datasets import read_facts
from weirdgen.judge.judging import UNPARSED, labels_of, lexicon_names
from weirdgen.plot.catalogue import FIGURES
from weirdgen.study.config import Adapter, load_study
from weirdgen.study.experiment import Experiment

TABLES = ("effects", "group_means", "labels", "ratings", "agreement", "contrasts", "training")


class Workflow:
    """A checked study, seen from the Snakefile. Raises StudyError if the configuration is wrong."""

    def __init__(self, config: dict[str, Any], root: str) -> None:
        self.root = Path(root)
        # The scripts import this package from here, whatever environment they run in.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        self.study = load_study(config, self.root)
        self.params = self.study.params
        self.code = fingerprint
        self.catalogue = FIGURES
        sampler = self.study.config.sampler
        seeds = self.study.config.seeds
        # vLLM takes every core for one engine; transformers runs jobs side by side, one thread each.
        self.sampler_threads = (os.cpu_count() or 1) if sampler.backend == "vllm" else 1
        together = self.study.config.seeds_per_job
        self.seeds_together = [seeds[i : i + together] for i in range(0, len(seeds), together)] if together > 1 else []
        self.alone = BASE if self.seeds_together else "[^/]+"  # the datasets whose adapters have jobs of their own
        coded = [re.escape(name) for name, experiment in self.study.experiments.items() if experiment.codes]
        self.coded = "|".join(coded) or "(?!)"  # what experiments are trained with checkpoints, as a pattern

    def param(self, path: str) -> Callable[[Any], Any]:
        """A function of wildcards: what lies at a path of `params` such as `models/{model}/load`.

        Snakemake's own `lookup` walks through all of `params` at every call: most of a plan of `studies/paper.yaml`.
        """

        def _find(wildcards: Any) -> Any:
            names, value = dict(wildcards.items()), self.params
            for key in path.split("/"):
                value = value[key.format(**names)]
            return value

        return _find

    def adapter_files(self, wildcards: Any) -> list[str]:
        """The adapter of a sampling or scoring job of one; none for the untouched model."""
        if wildcards.dataset == BASE:
            return []
        one = Adapter(wildcards.dataset, wildcards.recipe, int(wildcards.seed))
        folder = f"results/{wildcards.model}/{wildcards.experiment}/adapters/{one.path}"
        return [f"{folder}/adapter_model.safetensors"]

    def adapters_of_seeds(self, seeds: list[int], wildcards: Any) -> list[str]:
        """The adapters of the seeds that one sampling or scoring job serves."""
        folder = f"results/{wildcards.model}/{wildcards.experiment}/adapters/{wildcards.dataset}/{wildcards.recipe}"
        return [f"{folder}/seed-{seed}/adapter_model.safetensors" for seed in seeds]

    def experiment_file(self, instrument: str, wildcards: Any) -> str:
        """The question file of an instrument: `free_answers` or `contrasts`."""
        experiment = self.study.experiments[wildcards.experiment]
        return f"{self.study.folders[wildcards.experiment]}/{getattr(experiment, instrument).file}"

    def facts_file(self, wildcards: Any) -> str | list[str]:
        """The table of facts a dataset is rendered from; none for ordinary data alone."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        return f"{self.study.folders[wildcards.experiment]}/{dataset.facts}" if dataset.facts else []

    def jsonl_file(self, wildcards: Any) -> str | list[str]:
        """The chat JSONL that a dataset is, instead of a table."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        return os.path.join(self.study.folders[wildcards.experiment], dataset.jsonl) if dataset.jsonl else []

    def ordinary_file(self, wildcards: Any) -> str | list[str]:
        """The ordinary data that a dataset mixes in, if it does."""
        dataset = self.study.experiments[wildcards.experiment].datasets[wildcards.dataset]
        return f"results/{wildcards.model}/{wildcards.experiment}/ordinary.jsonl" if dataset.ordinary else []

    def ordinary_prompts(self, wildcards: Any) -> str:
        """The prompts of an experiment's ordinary data."""
        ordinary = self.study.experiments[wildcards.experiment].ordinary
        if ordinary is None:
            raise StudyError(f"{self.study.folders[wildcards.experiment]}/experiment.yaml has no ordinary data")
        return f"{self.study.folders[wildcards.experiment]}/{ordinary.file}"

    def judge_files(self, wildcards: Any) -> list[str]:
        """The YAMLs of an experiment's rules judges and the lexicons they name."""
        return self._judge_files(self.study.rules_judges(wildcards.experiment))

    def model_judge_files(self, wildcards: Any) -> list[str]:
        """The YAMLs of an experiment's judges that a model answers."""
        return [self.study.judge_paths[judge] for judge in self.study.model_judges(wildcards.experiment)]

    def _judge_files(self, judges: list[str]) -> list[str]:
        files = []
        for judge in judges:
            lexicons = lexicon_names(self.study.judges[judge])
            path = self.study.judge_paths[judge]
            files += [path, *(f"{os.path.dirname(path)}/lexicons/{name}.txt" for name in lexicons)]
        return list(dict.fromkeys(files))

    @property
    def judging_model(self) -> list[str]:
        """The folder of the local model that judges, where one does."""
        local = self.study.config.judging.vllm
        backends = {self.study.config.judging.backend_of(judge) for judge in self.study.all_judges("models")}
        return [f"resources/models/{local.model}"] if local and "vllm" in backends else []

    @property
    def judging_threads(self) -> int:
        """A local judge's engine takes every core; waiting for an endpoint takes one."""
        return (os.cpu_count() or 1) if self.judging_model else 1

    @property
    def judging_gpus(self) -> int:
        """GPUs of a judging job."""
        local = self.study.config.judging.vllm
        return self.params["models"][local.model]["engine_gpus"] if local and self.judging_model else 0

    @property
    def judging_memory(self) -> int:
        """Main memory of a judging job, in MB."""
        local = self.study.config.judging.vllm
        return self.params["models"][local.model]["mem_mb"] if local and self.judging_model else 2000

    def validated(self, kind: Literal["rules", "models"]) -> list[str]:
        """The validation sets of the study's judges of one kind, with the judges' own files."""
        judges = [judge for judge in self.study.all_judges(kind) if self._validation(judge)]
        return [f"data/judge_validation/{judge}.yaml" for judge in judges] + self._judge_files(judges)

    def validated_judges(self, kind: Literal["rules", "models"]) -> dict[str, dict[str, str]]:
        """Judge -> its file, and who answers it, of the judges of one kind that have a validation set."""
        return {
            judge: {"path": self.study.judge_paths[judge], "backend": self.judged_by(judge)}
            for judge in self.study.all_judges(kind)
            if self._validation(judge)
        }

    def validations(self) -> list[str]:
        """The validated judgments of the study: of rules, of models."""
        kinds: tuple[Literal["rules", "models"], ...] = ("rules", "models")
        return [f"results/judges/{kind}.parquet" for kind in kinds if self.validated_judges(kind)]

    def _validation(self, judge: str) -> bool:
        return (self.root / "data" / "judge_validation" / f"{judge}.yaml").is_file()

    def judgments(self, wildcards: Any) -> list[str]:
        """Every judgment of an experiment: by rules, one file per adapter, then by models, one for all."""
        return self.parts("judgments", wildcards) + self._model_judgments(wildcards.model, wildcards.experiment)

    def judgments_of_adapter(self, wildcards: Any) -> list[str]:
        """The judgments of one adapter: by rules, then by models, with those of all others."""
        own = Adapter(wildcards.dataset, wildcards.recipe, int(wildcards.seed))
        by_rules = self._paths([own], "judgments", ".parquet", wildcards)
        return by_rules + self._model_judgments(wildcards.model, wildcards.experiment)

    def _model_judgments(self, model: str, experiment: str) -> list[str]:
        """The judgments by models, one file for all adapters, where any model judges."""
        judged = self.study.model_judges(experiment)
        return [f"results/{model}/{experiment}/model_judgments.parquet"] if judged else []

    def labels_of_judges(self, wildcards: Any) -> dict[str, list[str] | None]:
        """The judges that run in an experiment, and the labels each may give; None for one that rates."""
        files = {name: self.study.judges[name] for name in self.study.answered_judges(wildcards.experiment)}
        unparsed = {"rules": [], "label": [UNPARSED]}
        return {
            name: None if file.type == "rating" else labels_of(file) + unparsed[file.type]
            for name, file in files.items()
        }

    def inspect_logs(self) -> list[str]:
        """A log for Inspect per adapter, over all models and experiments."""
        return [
            f"results/{model}/{experiment}/inspect/{adapter.path}.eval"
            for model, experiment in self.study.runs()
            for adapter in self.study.adapters(experiment)
        ]

    def adapters(self, wildcards: Any) -> list[dict[str, Any]]:
        """Every adapter of an experiment, `base` last: dataset, recipe, seed."""
        return [vars(adapter) for adapter in self.study.adapters(wildcards.experiment)]

    def trained(self, wildcards: Any) -> list[dict[str, Any]]:
        """Every trained adapter of an experiment."""
        return [vars(adapter) for adapter in self.study.trained(wildcards.experiment)]

    def parts(self, stage: str, wildcards: Any) -> list[str]:
        """One parquet of a stage (samples, judgments, contrasts) per adapter, in the order of `adapters`."""
        return self._paths(self.study.adapters(wildcards.experiment), stage, ".parquet", wildcards)

    def training(self, file: str, wildcards: Any) -> list[str]:
        """One training file (train_log.csv, run.json) per trained adapter, in the order of `trained`."""
        return self._paths(self.study.trained(wildcards.experiment), "adapters", f"/{file}", wildcards)

    def _paths(self, adapters: list[Adapter], stage: str, ending: str, wildcards: Any) -> list[str]:
        folder = f"results/{wildcards.model}/{wildcards.experiment}/{stage}"
        return [f"{folder}/{adapter.path}{ending}" for adapter in adapters]

    def info(self, wildcards: Any) -> dict[str, Any]:
        """What figures say about an experiment beside its numbers."""
        experiment = self.study.experiments[wildcards.experiment]
        axes = {
            name: context.model_dump(include={"axis", "values", "trained", "marks"})
            for name, context in experiment.contexts.items()
            if context.axis is not None
        }
        sweep = self.study.config.sweep
        recipes = self.params["recipes"][wildcards.model][wildcards.experiment]
        return {
            **self._told(wildcards.experiment),
            "doses": self._doses(wildcards.experiment),
            "personas": {name: d.persona for name, d in experiment.datasets.items() if d.persona},
            "asked": experiment.asked("contrasts"),
            "trigger": experiment.trigger_contexts or [],
            "codes": {name: dataset.code for name, dataset in experiment.datasets.items() if dataset.code},
            "axes": axes,
            "sweep": {name: recipes[name][sweep] for name in self.study.config.recipes} if sweep else {},
            "sweep_value": sweep or "",
        }

    def _shown(self, experiment: Experiment, instrument: Literal["free_answers", "contrasts"]) -> str:
        """The context that figures and findings show of an instrument."""
        shown = experiment.headline_context or experiment.asked("contrasts")[0]
        asked = experiment.asked(instrument)
        return shown if shown in asked else asked[0]

    def _doses(self, experiment: str) -> dict[str, int]:
        """Datasets of the first treated dataset's persona -> their number of facts; ordinary data alone has 0."""
        about = self.study.experiments[experiment]
        first = next(dataset for dataset in about.datasets.values() if dataset.role == "treated")
        doses = {}
        for name, dataset in about.datasets.items():
            if dataset.facts is None and dataset.jsonl is None:
                doses[name] = 0
            elif dataset.facts is not None and first.persona is not None and dataset.persona == first.persona:
                table = self.root / self.study.folders[experiment] / dataset.facts
                doses[name] = len(read_facts(table, dataset.at_most))
        return doses

    def figure_tables(self, figure: str) -> dict[str, str]:
        """The tables that a figure is drawn from, by the names it knows them by."""
        return {
            name: f"results/{{model}}/{{experiment}}/tables/{table}.csv"
            for name, table in FIGURES[figure].tables.items()
        }

    def atlas_tables(self) -> dict[str, str]:
        """`<model>/<experiment>` -> its effects."""
        return {f"{model}/{name}": f"results/{model}/{name}/tables/effects.csv" for model, name in self.study.runs()}

    def atlas_info(self) -> dict[str, Any]:
        """What the atlas says about every experiment beside its numbers."""
        return {
            name: {
                "title": experiment.title,
                **self._told(name),
            }
            for name, experiment in self.study.experiments.items()
        }

    def _told(self, name: str) -> dict[str, Any]:
        """What every figure, the atlas too, says about an experiment."""
        experiment, params = self.study.experiments[name], self.params["experiments"][name]
        return {
            "labels": params["labels"],
            "roles": {dataset: role for dataset, role in params["roles"].items() if role != "dose"},
            "pooled": experiment.pooled_topics,
            "hidden": params["hidden"],
            "headline": experiment.headline,
            "context": self._shown(experiment, "contrasts"),
            "answers_context": self._shown(experiment, "free_answers"),
            "recipe": self.study.config.recipes[0],
        }

    def figures(self, model: str, experiment: str, ending: str) -> list[str]:
        """The figures of one experiment, by file ending."""
        return [f"results/{model}/{experiment}/figures/{name}.{ending}" for name in self.figure_names(experiment)]

    def figure_names(self, experiment: str) -> list[str]:
        """The figures an experiment asks for, where their judges run, and the sweep's where the study is one."""
        answered = set(self.study.answered_judges(experiment))
        wanted = (name for name in self.study.experiments[experiment].figures if name != "sweep")
        names = [name for name in wanted if answered.issuperset(FIGURES[name].judges)]
        return [*names, "sweep"] if self.study.config.sweep else names

    def report_files(self, kind: str) -> list[str]:
        """Everything of one kind that the report shows, over all models and experiments."""
        files = []
        for model, experiment in self.study.runs():
            folder = f"results/{model}/{experiment}"
            if kind == "tables":
                files += [f"{folder}/tables/{name}.csv" for name in self._tables(experiment)]
            elif kind == "figures":
                files += self.figures(model, experiment, "svg") + self.figures(model, experiment, "png")
            elif kind == "cards":
                datasets = self.study.experiments[experiment].datasets
                files += [f"{folder}/datasets/{name}.card.json" for name in datasets]
            elif kind == "runs":
                files += [f"{folder}/adapters/{a.path}/run.json" for a in self.study.trained(experiment)]
            elif kind == "judgments":
                files += [f"{folder}/judgments/{a.path}.parquet" for a in self.study.adapters(experiment)]
                files += self._model_judgments(model, experiment)
            else:
                raise ValueError(kind)
        return files

    def accuracy_files(self) -> list[str]:
        """How far the study's judges can be believed, where any has a validation set."""
        return ["results/judges/accuracy.csv"] if self.validations() else []

    def _tables(self, experiment: str) -> list[str]:
        return [*TABLES, *(["curves"] if self.study.experiments[experiment].codes else [])]

    def report_params(self) -> dict[str, Any]:
        """What the report says that no table holds: titles, labels, which runs."""
        return {
            "runs": [list(run) for run in self.study.runs()],
            "experiments": {
                name: {
                    **experiment.model_dump(include={"title", "question", "hidden", "headline"}),
                    "figures": self.figure_names(name),
                    "contexts": experiment.asked("contrasts"),
                    "context": self._shown(experiment, "contrasts"),
                    "answers_context": self._shown(experiment, "free_answers"),
                    "judges": experiment.judges,
                    "datasets": {
                        key: value.model_dump(include={"label", "role", "about", "prompts", "persona"})
                        for key, value in experiment.datasets.items()
                    },
                }
                for name, experiment in self.study.experiments.items()
            },
            "adapters": {
                name: [vars(adapter) for adapter in self.study.adapters(name)] for name in self.study.experiments
            },
            "recipe": self.study.config.recipes[0],
            "judges": {
                name: {"type": file.type, "about": file.about, "by": self.judged_by(name)}
                for name, file in self.study.judges.items()
            },
            "model_judged": [name for name in self.study.experiments if self.study.model_judges(name)],
        }

    def judged_by(self, judge: str) -> str:
        """Who answers a judge in this study: rules, vllm, openai, or none."""
        file = self.study.judges[judge]
        return "rules" if file.type == "rules" else self.study.config.judging.backend_of(judge)

    def experiment_targets(self, experiment: str) -> list[str]:
        """Every table and figure of one experiment, for all models."""
        files = []
        for model in self.study.config.run_models:
            folder = f"results/{model}/{experiment}/tables"
            files += [f"{folder}/{name}.csv" for name in self._tables(experiment)]
            files += self.figures(model, experiment, "png")
        return files
