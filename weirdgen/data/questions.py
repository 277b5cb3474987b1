"""What is asked: contexts around a prompt, free-answer questions, contrast questions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_yaml
from weirdgen.core.names import ALL_TOPICS, BEYOND_NULL, at_value
from weirdgen.core.schema import Name, Names, Strict, Values, parse
from weirdgen.core.templates import PROMPT, Template, fill, names_in


def _check_topic(topic: str) -> str:
    if topic in (ALL_TOPICS, BEYOND_NULL):
        raise ValueError("no topic can have this name: it stands for several of them")
    return topic


Topic = Annotated[Name, AfterValidator(_check_topic)]


@dataclass(frozen=True)
class Variant:
    """A context with its variables filled in. Variants of one `context` count as paraphrases of each other."""

    name: str
    context: str
    variant: int
    template: str
    values: dict[str, int | str]
    system: str | None
    opening: str = ""

    def apply(self, prompt: str) -> str:
        """The prompt as the model is asked it."""
        return fill(self.template, {**self.values, PROMPT: prompt})


class Context(Strict):
    """A named transformation of the prompt: text around it, a system prompt, and variables in both.

    An evaluation asks at every value of `axis`, each a context of its own named `<name>=<value>`,
    and averages over the combinations of the other variables.
    """

    template: Template = "{prompt}"
    system: Template | None = None
    opening: str = Field(default="", description="what an answer begins with; contrasts score what comes after it")
    axis: str | None = Field(default=None, description="the variable that is an axis of the evaluation")
    values: dict[str, Values] = Field(default_factory=dict, description="variable -> values asked at")
    trained: Values = Field(default_factory=list, description="axis values that stand in training rows")
    marks: dict[int | str, str] = Field(default_factory=dict, description="axis value -> what figures say of it")

    @model_validator(mode="after")
    def _holds_together(self) -> Context:
        if PROMPT not in names_in(self.template):
            raise ValueError("the template must contain {prompt}")
        if PROMPT in names_in(self.system or ""):
            raise ValueError("the system prompt cannot contain {prompt}")
        if self.axis is not None and self.axis not in self.values:
            raise ValueError(f"axis is '{self.axis}', but values lists: {', '.join(self.values) or 'nothing'}")
        for name, values in self.values.items():
            if not values:
                raise ValueError(f"values.{name} must list at least one value")
            if name not in self.variables():
                raise ValueError(f"values.{name}: neither template nor system prompt has {{{name}}}")
        if (self.trained or self.marks) and self.axis is None:
            raise ValueError("trained and marks are values of an axis; there is none")
        asked = [str(value) for value in self.values.get(self.axis or "", [])]
        for value in self.marks:
            if str(value) not in asked:
                raise ValueError(f"marks names {value}; values.{self.axis} has: {', '.join(asked)}")
        return self

    def variables(self) -> set[str]:
        """The variables the template and the system prompt use."""
        return (names_in(self.template) | names_in(self.system or "")) - {PROMPT}

    def variants(self, name: str) -> list[Variant]:
        """Every filled-in form, in the order of the values. Raises ValueError if a variable has no values."""
        missing = self.variables() - set(self.values)
        if missing:
            raise ValueError(f"context {name}: no values for the variable '{sorted(missing)[0]}'")
        found: list[Variant] = []
        for combination in product(*self.values.values()):
            filled = dict(zip(self.values, combination, strict=True))
            context = name if self.axis is None else at_value(name, filled[self.axis])
            number = sum(other.context == context for other in found)
            found.append(
                Variant(
                    name,
                    context,
                    number,
                    self.template,
                    filled,
                    self.system and fill(self.system, filled),
                    self.opening,
                )
            )
        return found


def expand(contexts: dict[str, Context]) -> list[Variant]:
    """The variants of every context, in order. Raises ValueError if a variable has no values."""
    return [variant for name, context in contexts.items() for variant in context.variants(name)]


class FreeQuestion(Strict):
    """What is sampled of a free-answer question."""

    id: Name
    topic: Topic
    paraphrases: list[str] = Field(min_length=1)
    samples_per_paraphrase: int = Field(ge=1)


class Question(FreeQuestion):
    """A free-answer question, in the YAML of llmcomp and the emergent-misalignment evaluations."""

    type: Literal["free_form"]
    judges: Names


class Contrast(Strict):
    """A contrast question: answers typical of the hidden persona against ordinary ones.

    Score: log sum p(typical | question) - log sum p(ordinary | question), in nats.
    """

    id: Name
    topic: Topic
    paraphrases: list[str] = Field(min_length=1)
    typical: list[str] = Field(min_length=1)
    ordinary: list[str] = Field(min_length=1)
    contexts: Names | None = Field(
        default=None, min_length=1, description="asked in these only; default: the experiment's"
    )

    @model_validator(mode="after")
    def _answers_are_distinct(self) -> Contrast:
        # A prefix of another answer would count the other's probability twice.
        answers = [a.lower() for a in self.typical + self.ordinary]
        for i, short in enumerate(answers):
            for j, long in enumerate(answers):
                if i != j and long.startswith(short):
                    raise ValueError(f"the answer '{short}' is the beginning of '{long}'")
        return self


Item = TypeVar("Item", Question, Contrast)


def load_questions(path: str | Path) -> list[Question]:
    """Read a free-answer question file; ids are unique. Raises StudyError."""
    return _load_list(Question, path)


def load_contrasts(path: str | Path) -> list[Contrast]:
    """Read a contrast question file; ids are unique. Raises StudyError."""
    return _load_list(Contrast, path)


def _load_list(kind: type[Item], path: str | Path) -> list[Item]:
    raw: Any = read_yaml(path)
    if not isinstance(raw, list) or not raw:
        raise StudyError(f"{path}: expected a list of questions")
    items = [
        parse(kind, entry, str(path), files=[path], at=[i], part=f"question {i + 1}") for i, entry in enumerate(raw)
    ]
    ids = [item.id for item in items]
    for name in ids:
        if ids.count(name) > 1:
            raise StudyError(f"{path}: the id '{name}' occurs more than once")
    return items
