"""What the rule files look up: the study's values, who does how much in a job, and what makes a job run again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weirdgen.core.fingerprint import fingerprint, listed
from weirdgen.core.names import BASE
from weirdgen.judge.files import UNPARSED, labels_of
from weirdgen.models.digests import digests
from weirdgen.plot.catalogue import FIGURES
from weirdgen.study import told
from weirdgen.study.config import check_file
from weirdgen.study.load import Kind, load_study
from weirdgen.study.params import asked_judge, params
from weirdgen.study.paths import Paths, results


@dataclass(frozen=True)
class Seeds:
    """The adapters of a dataset that one job samples or scores: ordinarily one, the one its path names."""

    numbers: tuple[int, ...]
    """Empty: the seed of the path."""
    datasets: str
    """A pattern of the datasets served."""

    @property
    def suffix(self) -> str:
        """What a rule's name ends with: nothing in the ordinary case, else `_0_1_2`."""
        return "".join(f"_{seed}" for seed in self.numbers)

    @property
    def name(self) -> str:
        """What the job's log is called: `seed-{seed}`, else `seeds-0-1-2`."""
        return "-".join(map(str, ("seeds", *self.numbers))) if self.numbers else "seed-{seed}"

    def each(self, path: str) -> list[str]:
        """One path of a result with `{seed}` per adapter."""
        return [results(path).replace("{seed}", str(seed)) for seed in self.numbers or ("{seed}",)]

    def adapters(self, wildcards: Any) -> list[str]:
        """The adapters of the job; none for the untouched model."""
        if wildcards.dataset == BASE:
            return []
        paths = self.each("adapters/{dataset}/{recipe}/seed-{seed}/adapter_model.safetensors")
        return [path.format(**dict(wildcards.items())) for path in paths]

    def of_job(self, wildcards: Any, output: Any) -> list[int]:
        """The seeds of the job, which adapters share it being no part of what is computed (`Workflow.knob`)."""
        return list(self.numbers) or [int(wildcards.seed)]


@dataclass(frozen=True)
class Training:
    """A kind of training: as it is, or of codes, scored at checkpoints on the way to curve.csv."""

    rule: str
    experiments: str
    """A pattern of the experiments trained so."""
    more: dict[str, str]
    """Files beside those of every adapter."""


class Workflow(Paths):
    """A checked study, seen from the Snakefile; files: those that the configuration was merged from.

    Raises StudyError if the configuration is wrong.
    """

    def __init__(self, config: dict[str, Any], root: str, files: Iterable[str | Path] = ()) -> None:
        # The scripts import this package from here, whatever environment they run in.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        merged_from = list(files)
        for file in merged_from:
            check_file(file)
        super().__init__(load_study(config, Path(root), files=merged_from))
        self.experiments = list(self.study.experiments)
        self.published = self.study.config.published
        self.params = params(self.study)
        self.catalogue = FIGURES
        # vLLM takes every core for one engine; transformers runs jobs side by side, one thread each.
        self.sampler_threads = (os.cpu_count() or 1) if self.study.config.sampler.backend == "vllm" else 1
        self.seeds = _seeds(self.study.config.seeds, self.study.config.seeds_per_job)
        coded = [re.escape(name) for name, experiment in self.study.experiments.items() if experiment.codes]
        self.trainings = (
            Training("finetune", f"(?!({'|'.join(coded)})/)[^/]+" if coded else "[^/]+", {}),
            Training("finetune_watched", "|".join(coded) or "(?!)", {"curve": "curve.csv"}),
        )

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

    def knob(self, path: str) -> Callable[[Any, Any], Any]:
        """`param` for what decides speed or cost and no result: changing it reruns nothing.

        Snakemake does not remember params that are functions of `output`.
        """
        find = self.param(path)

        def _find(wildcards: Any, output: Any) -> Any:
            return find(wildcards)

        return _find

    def remember(self, rules: Iterable[Any]) -> None:
        """Give every rule two more params, the reasons to run again beside content and values.

        The code it runs, one entry per function that its script reaches, so that a plan names what changed; and the
        names of its inputs but for adapters, which follow from its path (Snakemake's own trigger `input` would also
        count which adapters share a job).
        """
        for rule in rules:
            if rule.script is None:
                continue
            path = rule.script.format(params=rule.params)
            script = path.removesuffix(".py").partition("workflow/scripts/")[2]
            modules = [f"weirdgen.plot.{rule.name}"] if script == "plot/plot" else []
            rule.set_params(*listed(fingerprint(script, *modules)), inputs=_names(rule.input))

    def weights(self, wildcards: Any) -> dict[str, str] | None:
        """What a model's files behind a `path:` hold now, so that new weights in place count; None for other sources.

        A wheel's checksum pins those; of a hub what its revision names is taken once.
        """
        source = self.study.config.models[wildcards.model].source
        return digests(Path(source.path), self.study.root / "resources/digests.json") if source.path else None

    def adapters(self, wildcards: Any) -> list[tuple[str, str, int]]:
        """Every adapter of an experiment, `base` last: dataset, recipe, seed."""
        return [(a.dataset, a.recipe, a.seed) for a in self.study.adapters(wildcards.experiment)]

    def trained(self, wildcards: Any) -> list[tuple[str, str, int]]:
        """Every trained adapter of an experiment: dataset, recipe, seed."""
        return [(a.dataset, a.recipe, a.seed) for a in self.study.trained(wildcards.experiment)]

    def dataset_names(self, wildcards: Any) -> list[str]:
        """The datasets of an experiment."""
        return list(self.study.experiments[wildcards.experiment].datasets)

    def first_treated(self, wildcards: Any) -> str:
        """The first treated dataset of an experiment."""
        datasets = self.study.experiments[wildcards.experiment].datasets
        return next(name for name, dataset in datasets.items() if dataset.role == "treated")

    def asked_for_validation(self, kind: Kind) -> dict[str, Any]:
        """Judge -> its file, and who answers it, of the judges of one kind that have a validation set."""
        return {judge: asked_judge(self.study, judge, []) for judge in self.validated_judges(kind)}

    def labels_of_judges(self, wildcards: Any) -> dict[str, list[str] | None]:
        """The judges that run in an experiment, and the labels each may give; None for one that rates."""
        files = {name: self.study.judges[name] for name in self.study.answered_judges(wildcards.experiment)}
        unparsed = {"rules": [], "label": [UNPARSED]}
        return {
            name: None if file.type == "rating" else labels_of(file) + unparsed[file.type]
            for name, file in files.items()
        }

    @property
    def judging_threads(self) -> int:
        """The engine of a local judge takes every core; a probe, and waiting for an endpoint, take one."""
        return (os.cpu_count() or 1) if self._engine else 1

    @property
    def judging_gpus(self) -> int:
        """GPUs of a judging job."""
        own = [self.params["models"][model]["gpus"] for model in self.judging_models]
        engine = [self.params["models"][self._engine]["engine_gpus"]] if self._engine else []
        return max([*own, *engine], default=0)

    @property
    def judging_memory(self) -> int:
        """Main memory of a judging job, in MB."""
        return max((self.params["models"][model]["mem_mb"] for model in self.judging_models), default=2000)

    @property
    def _engine(self) -> str | None:
        """The model that judges through vLLM, if one does."""
        judged = {self.study.judged_by(judge) for judge in self.study.all_judges("models")}
        local = self.study.config.judging.vllm
        return local.model if local and "vllm" in judged else None

    @property
    def primaries(self) -> dict[str, Any]:
        """Experiment -> its primary comparison."""
        return {name: primary.model_dump() for name, primary in self.study.primaries.items()}

    @property
    def measures(self) -> dict[str, Any]:
        """Experiment -> what it measures."""
        return {name: own["measures"] for name, own in self.params["experiments"].items()}

    @property
    def shown_recipe(self) -> str:
        """The recipe that findings and figures show."""
        return self.study.config.recipes[0]

    def told(self, wildcards: Any) -> dict[str, Any]:
        """What an experiment's own figures are told."""
        return told.figures(self.study, wildcards.model, wildcards.experiment).model_dump()

    @property
    def told_to_atlas(self) -> dict[str, Any]:
        """What the atlas is told of every experiment."""
        return {name: about.model_dump() for name, about in told.atlas(self.study).items()}

    @property
    def told_to_page(self) -> dict[str, Any]:
        """What the page is told."""
        scale = self.scale if self.over_models else ""
        files = (file.removeprefix("results/") for file in (self.atlas, scale, self.primary, self.power))
        return told.page(self.study, *files).model_dump()


def _seeds(seeds: list[int], together: int) -> list[Seeds]:
    """Which adapters share a job: the ordinary case first, the untouched model's alone where others share."""
    if together == 1:
        return [Seeds((), "[^/]+")]
    groups = [tuple(seeds[i : i + together]) for i in range(0, len(seeds), together)]
    return [Seeds((), BASE), *(Seeds(group, f"(?!{BASE}/)[^/]+") for group in groups)]


def _names(inputs: Any) -> Callable[[Any], list[str]]:
    """A function of wildcards: the names of a rule's inputs, `adapter` aside."""
    items = [item for name, item in inputs._allitems() if name != "adapter"]

    def _find(wildcards: Any) -> list[str]:
        names: list[str] = []
        for item in items:
            found = item(wildcards) if callable(item) else item
            names += [str(name) for name in ([found] if isinstance(found, str) else found)]
        return sorted(names)

    return _find
