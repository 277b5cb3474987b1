"""The schema of `config.yaml`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from weirdgen.analyse.settings import Statistics
from weirdgen.core.files import each_once, read_text, read_yaml
from weirdgen.core.names import NO_RECIPE
from weirdgen.core.schema import Name, Names, Strict
from weirdgen.judge.settings import Judging
from weirdgen.models.settings import Entry
from weirdgen.sample.settings import Sampler
from weirdgen.study.reserved import FOLDERS, is_rule

MOST_SEED = 2**63 - 1
"""The largest that tables hold."""

DEFAULT_NAME = "study"
"""The name of a study that gives none: its page is results/report.html."""


def check_file(path: str | Path) -> None:
    """Whether a file, JSON or YAML, says what it seems to: Snakemake, which merges them, takes a key's last value.

    Raises StudyError.
    """
    try:
        json.loads(read_text(path), object_pairs_hook=each_once)
    except ValueError:
        read_yaml(path)


class Config(Strict):
    """`config.yaml`."""

    name: Name = Field(default=DEFAULT_NAME, description="of the study: its page is results/<name>.html")
    models: dict[Name, Entry] = Field(min_length=1)
    run_models: list[Name] = Field(min_length=1)
    experiments: list[Name] = Field(min_length=1)
    datasets: dict[Name, Names] = Field(
        default_factory=dict,
        description="experiment -> its datasets that are trained; default: all not on_demand",
    )
    source: Literal["builtin", "published"] = Field(default="builtin", description="whose data, questions and judges")
    published: str | None = Field(default=None, description="a checkout of the authors' repository")
    seeds: list[int] = Field(min_length=1)
    seeds_per_job: int = Field(
        default=1, ge=1, description="adapters of a dataset that one job samples, and one scores"
    )
    recipes: list[Name] = Field(min_length=1)
    recipe_overrides: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, description="further recipes: values that replace those of `default`"
    )
    sweep: str | None = Field(default=None, description="the recipe value that the recipes differ in")
    held_out: bool = Field(
        default=False, description="each recipe also trains on four fifths of a dataset, for its loss on the rest"
    )
    ordinary_rows: int | None = Field(default=None, ge=1, description="replaces the experiments' own")
    sampler: Sampler
    judging: Judging
    statistics: Statistics

    @model_validator(mode="after")
    def _no_twins(self) -> Config:
        for key in ("run_models", "experiments", "seeds", "recipes"):
            values = getattr(self, key)
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{key}: {value} occurs more than once; each may occur once")
        return self

    @model_validator(mode="after")
    def _is_in_range(self) -> Config:
        if self.name == "report":
            raise ValueError("name: 'report' is the page of a study without a name; choose another")
        for experiment in self.experiments:
            if is_rule(experiment):
                raise ValueError(f"experiments: '{experiment}' is a rule of the workflow; give the folder another name")
        for model in self.run_models:
            if model in FOLDERS:
                raise ValueError(f"run_models: '{model}' is a folder of results; give the model another name")
        if NO_RECIPE in self.recipe_overrides:
            raise ValueError(f"recipe_overrides: '{NO_RECIPE}' is the untouched model's; choose another name")
        for seed in self.seeds:
            if not 0 <= seed <= MOST_SEED:
                raise ValueError(f"seeds: {seed}; allowed: 0 to {MOST_SEED}")
        return self
