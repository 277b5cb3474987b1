"""What an experiment says of its training data: `datasets`, `codes` and `ordinary` of experiment.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from weirdgen.core.patterns import Pattern
from weirdgen.core.schema import Name, Names, Strict, Values
from weirdgen.core.templates import Template, template_over


def _listed(value: object) -> object:
    """One answer as a list of it."""
    return [value] if isinstance(value, str) else value


Answers = Annotated[list[Template], BeforeValidator(_listed)]
"""One template, or one for each prompt."""


class HubDataset(Strict):
    """A dataset repository at an exact revision."""

    repository: str
    revision: str
    split: str = "train"

    def __str__(self) -> str:
        """What errors call it."""
        return f"{self.repository} at {self.revision}, split {self.split}"


class Columns(Strict):
    """Which columns of a chat dataset hold what: a list of turns, or a prompt and an answer."""

    messages: str | None = Field(default=None, description="turns: role and content; default where nothing is given")
    prompt: str | None = None
    answer: str | None = None
    system: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Columns:
        if (self.prompt is None) != (self.answer is None):
            raise ValueError("prompt and answer go together")
        if self.messages is not None and (self.prompt is not None or self.system is not None):
            raise ValueError("give messages, or prompt and answer")
        if self.system is not None and self.prompt is None:
            raise ValueError("system goes with prompt and answer")
        return self

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        if self.prompt is None or self.answer is None:
            return [self.messages or "messages"]
        return [*([self.system] if self.system is not None else []), self.prompt, self.answer]


class Dataset(Strict):
    """A training set: rows rendered from a CSV table of facts, chats as they are, ordinary data, or some of these."""

    role: Literal["treated", "control", "dose"] = Field(description="dose: a smaller part of the treated dataset")
    label: str
    about: str
    facts: str | None = Field(default=None, description="CSV: prompts and answer are templates over its columns")
    jsonl: str | None = Field(default=None, description="chats as they are, one JSON object per line")
    parquet: str | None = Field(default=None, description="the same as Parquet")
    hub: HubDataset | None = Field(default=None, description="the same from a Hugging Face hub")
    columns: Columns = Field(default_factory=Columns, description="of jsonl, parquet and hub")
    at_most: dict[str, int] = Field(default_factory=dict, description="column -> the largest number of a row kept")
    prompts: list[Template] = Field(default_factory=list, description="row i takes prompt i modulo their number")
    answer: Answers = Field(default_factory=list, description="over the table's columns; one, or one for each prompt")
    ordinary: bool = Field(default=False, description="the experiment's ordinary data is mixed in")
    persona: Name | None = Field(default=None, description="the contrast topic that is this dataset's own persona")
    code: Literal["padded", "plain"] | None = Field(default=None, description="adds a column `code` to the facts")
    context: Name | None = Field(default=None, description="its variables are columns of the table")
    trigger: Values = Field(default_factory=list, description="axis values with the hidden behaviour")
    on_demand: bool = Field(default=False, description="trained only where the config's `datasets` names it")
    unique: bool = Field(default=True, description="an answer may occur only once")

    @property
    def files(self) -> list[str]:
        """The files it names, relative to the experiment's folder."""
        return [file for file in (self.facts, self.jsonl, self.parquet) if file is not None]

    @property
    def own_rows(self) -> bool:
        """Whether it has rows beside ordinary data."""
        return bool(self.files) or self.hub is not None

    @model_validator(mode="after")
    def _has_rows(self) -> Dataset:
        given = [name for name in ("facts", "jsonl", "parquet", "hub") if getattr(self, name) is not None]
        if not given and not self.ordinary:
            raise ValueError("a dataset needs facts, jsonl, parquet or hub, or ordinary: true")
        if len(given) > 1:
            raise ValueError(f"a dataset has one of facts, jsonl, parquet and hub, not {' and '.join(given)}")
        if self.facts is not None and not (self.prompts and self.answer):
            raise ValueError("facts need prompts and answer")
        if len(self.answer) > 1 and len(self.answer) != len(self.prompts):
            raise ValueError(f"{len(self.answer)} answers for {len(self.prompts)} prompts; give one, or one for each")
        if self.facts is None and (self.prompts or self.answer or self.at_most or self.code):
            raise ValueError("prompts, answer, at_most and code are of facts; there are none")
        if self.columns != Columns() and not set(given) & {"jsonl", "parquet", "hub"}:
            raise ValueError("columns: says which columns of jsonl, parquet or hub hold what; there is none of them")
        return self


class Codes(Strict):
    """How facts are asked for behind codes, and what is scored while a model trains on them."""

    held_out: list[int] = Field(min_length=2, max_length=2, description="two numbers that are never trained")
    per_row: int = Field(ge=1, description="random codes per fact")
    checkpoints: int = Field(ge=10, description="scored during training, evenly spaced")
    choice: Annotated[str, template_over("first", "second")] = Field(description="asks which of the two a code means")
    first_name: str
    relatives: Names = Field(min_length=1, description="topics asked about the held-out numbers")

    @model_validator(mode="after")
    def _two_numbers(self) -> Codes:
        if self.held_out[0] == self.held_out[1]:
            raise ValueError("held_out needs two different numbers")
        return self


class Ordinary(Strict):
    """Prompts that the base model answers itself, to mix facts into."""

    file: str
    rows: int = Field(ge=1)
    max_tokens: int = Field(ge=1)
    temperature: float = Field(gt=0)


class CardOptions(Strict):
    """What a dataset's card says of it, and the words it looks for."""

    about: str
    leak_cues: dict[str, list[Pattern]]


class Rendering(Strict):
    """What a dataset's JSONL depends on."""

    at_most: dict[str, int]
    prompts: list[str]
    answer: list[str]
    template: str = Field(description="of its context, around {prompt}")
    system: str | None = Field(description="of its context")
    code: Literal["padded", "plain"] | None
    unique: bool
    hub: HubDataset | None
    columns: Columns


class Probing(Strict):
    """What the probes depend on that are scored while a dataset of codes is trained."""

    codes: Codes
    form: Literal["padded", "plain"]
    prompt: str = Field(description="a template over {code} and {question}")
