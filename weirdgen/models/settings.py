"""One entry of the model registry: where the weights come from, and how they are used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from weirdgen.core.job import given
from weirdgen.core.schema import Strict

Template = dict[str, bool | int | str]
"""Keywords of a chat template."""

Day = Annotated[str, BeforeValidator(str), AfterValidator(lambda text: date.fromisoformat(text).isoformat())]
"""A date, as YAML reads it with and without quotes."""


class Hub(Strict):
    """A model repository at an exact revision."""

    repository: str
    revision: str


class HubFile(Strict):
    """A file of a model repository. The sha256 beside it says which bytes: a branch will do as its revision."""

    repository: str
    file: str
    revision: str = "main"


class Wheels(Strict):
    """A file inside a wheel of the Python package index, or cut into the members of several, in order."""

    name: str = Field(pattern=r"^[A-Za-z0-9{][A-Za-z0-9._{}:-]*$", description="{part} stands for the part's number")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+!-]*$")
    member: str = Field(description="path inside the wheel; {part} and {part:02} stand for the part's number")
    parts: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _numbers_its_parts(self) -> Wheels:
        for key, written in (("name", self.name), ("member", self.member)):
            try:
                texts = {written.format(part=1), written.format(part=2)}
            except (LookupError, ValueError, AttributeError):
                raise ValueError(f"{key} is filled in with {{part}} or {{part:02}} only") from None
            if key == "name" and (self.parts > 1) != (len(texts) == 2):
                raise ValueError("{part} belongs in the name of several wheels, and in the name of several only")
        return self

    def name_of(self, part: int) -> str:
        """The wheel of a part; the first is 1."""
        return self.name.format(part=part)

    def member_of(self, part: int) -> str:
        """The member that holds a part."""
        return self.member.format(part=part)


class Place(Strict):
    """Where a file may be had: exactly one of the three."""

    hub: HubFile | None = None
    wheels: Wheels | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Place:
        if sum(value is not None for value in (self.hub, self.wheels, self.path)) != 1:
            raise ValueError("give exactly one of: hub, wheels, path")
        return self

    @property
    def told(self) -> str:
        """The place in a message."""
        if self.hub is not None:
            return f"hub {self.hub.repository}"
        if self.wheels is not None:
            return f"wheels {self.wheels.name} {self.wheels.version}"
        return str(self.path)


class Gguf(Strict):
    """A GGUF file: which bytes it is, and the places to have it from, tried in order."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    places: list[Place] = Field(min_length=1)


class Source(Strict):
    """Where the weights come from: exactly one of the three."""

    hub: Hub | None = None
    path: str | None = None
    gguf: Gguf | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Source:
        if sum(value is not None for value in (self.hub, self.path, self.gguf)) != 1:
            raise ValueError("give exactly one of: hub, path, gguf")
        return self


class Fetched(Source):
    """source.json of a fetched model: where it is from, and the sha256 of each file that decides what it computes."""

    weights_sha256: dict[str, str] = Field(description="*.safetensors")
    files_sha256: dict[str, str] = Field(default_factory=dict, description="configuration, tokenizer, chat template")

    @property
    def digests(self) -> dict[str, str]:
        """File name -> sha256 of all of them."""
        return {**self.weights_sha256, **self.files_sha256}


class Load(Strict):
    """How weights are loaded."""

    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"


class ChatOptions(Strict):
    """How a prompt becomes a conversation: the template's own system prompt, none, or another; its keywords."""

    system_prompt: Literal["keep", "none"] | dict[Literal["replace"], str] = "keep"
    chat_template: Template = Field(default_factory=dict)
    date: Day | None = Field(default=None, description="the date that a template with today's in it writes instead")

    @property
    def replacement(self) -> str | None:
        """The system prompt that stands in place of the template's own, if one does."""
        return self.system_prompt["replace"] if isinstance(self.system_prompt, dict) else None


class Serving(Strict):
    """How vLLM runs a model."""

    tensor_parallel: int = Field(default=1, ge=1, description="GPUs one engine is spread over")
    memory_fraction: float = Field(default=0.9, gt=0, le=1, description="of a GPU's memory")
    max_length: int | None = Field(default=None, ge=16, description="tokens; default: what the job needs")


class Entry(ChatOptions, Load):
    """One entry of the model registry: where the weights come from, and all that is said of their use."""

    source: Source
    recipe: dict[str, Any] = Field(default_factory=dict, description="values that replace the experiments' own")
    mem_mb: int = Field(default=4000, ge=1, description="main memory of a job that loads it: all weights pass through")
    vllm: Serving = Serving()

    @property
    def load(self) -> Load:
        """How its weights are loaded."""
        return Load(**self.model_dump(include=set(Load.model_fields)))

    @property
    def chat(self) -> ChatOptions:
        """How it is spoken to."""
        return ChatOptions(**self.model_dump(include=set(ChatOptions.model_fields)))


@dataclass(frozen=True)
class Model:
    """A fetched model as a job uses it: its folder, how it is loaded, how it is spoken to."""

    folder: str
    load: Load
    chat: ChatOptions


def model_of(snakemake: Any) -> Model:
    """The model of a job, from its input `model` (source.json in its folder) and its params `load` and `chat`."""
    load, chat = given(Load, snakemake.params.load), given(ChatOptions, snakemake.params.chat)
    return Model(os.path.dirname(snakemake.input.model), load, chat)
