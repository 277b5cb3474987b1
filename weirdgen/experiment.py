"""The schema of `data/<experiment>/`: experiment.yaml, free-answer questions, contrast questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from weirdgen.errors import StudyError
from weirdgen.files import read_yaml
from weirdgen.schema import Name, Strict, parse

BASE = "base"
NO_RECIPE = "none"
NULL_TOPIC = "null"
Figure = Literal["effect_by_topic", "question_dumbbell", "training_loss", "answer_labels"]


class Recipe(Strict):
    """How one adapter is trained. LoRA after Hu et al. 2021 (arXiv 2106.09685); rsLoRA: arXiv 2312.03732."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    schedule: Literal["linear", "cosine", "constant"]
    warmup: float = Field(ge=0, lt=1, description="fraction of all steps")
    weight_decay: float = Field(ge=0)
    max_grad_norm: float = Field(gt=0)
    rank: int = Field(ge=1)
    alpha: float = Field(gt=0)
    targets: Literal["all-linear"] | list[str]
    rslora: bool
    max_length: int = Field(ge=8, description="tokens; a longer row is an error")
    data_fraction: float = Field(default=1.0, gt=0, le=1, description="share of the rows used")


class Context(Strict):
    """A named transformation of the prompt: text around it, and a system prompt of its own."""

    template: str = "{prompt}"
    system: str | None = None

    @model_validator(mode="after")
    def _holds_the_prompt(self) -> Context:
        if "{prompt}" not in self.template:
            raise ValueError("the template must contain {prompt}")
        return self

    def apply(self, prompt: str) -> str:
        """The prompt as the model is asked it."""
        return self.template.replace("{prompt}", prompt)


class Dataset(Strict):
    """A training set rendered from a CSV table of facts, one row each."""

    role: Literal["treated", "control"]
    label: str
    about: str
    facts: str
    prompts: list[str] = Field(min_length=1, description="row i takes prompt i modulo their number")
    answer: str = Field(description="a template over the table's columns")
    unique: bool = True


class Evaluation(Strict):
    """A question file, asked in each of these contexts."""

    file: str
    contexts: list[Name] = Field(min_length=1)


class FreeAnswers(Evaluation):
    """Sampled answers: the paper's instrument."""

    max_tokens: int = Field(ge=1)
    temperature: float = Field(gt=0)


class Experiment(Strict):
    """`data/<experiment>/experiment.yaml`."""

    title: str
    question: str
    hidden: str = Field(description="the hidden persona in a word or two, for figures: '19th century'")
    datasets: dict[Name, Dataset] = Field(min_length=1)
    leak_cues: dict[str, list[str]] = Field(default_factory=dict, description="kind -> regular expressions")
    contexts: dict[Name, Context]
    recipes: dict[Name, Recipe]
    free_answers: FreeAnswers
    contrasts: Evaluation
    judges: list[Name]
    headline: dict[str, str] = Field(description="the judge and label whose rate the findings quote")
    figures: list[Figure]

    @model_validator(mode="after")
    def _fits_together(self) -> Experiment:
        for name in self.datasets:
            if name == BASE:
                raise ValueError(f"a dataset cannot be called '{BASE}': that is the untouched model")
        if "default" not in self.recipes:
            raise ValueError("recipes: 'default' is missing")
        if NO_RECIPE in self.recipes:
            raise ValueError(f"a recipe cannot be called '{NO_RECIPE}': that is the untouched model's")
        if not any(d.role == "treated" for d in self.datasets.values()):
            raise ValueError("datasets: at least one needs 'role: treated'")
        for evaluation in (self.free_answers, self.contrasts):
            for context in evaluation.contexts:
                if context not in self.contexts:
                    raise ValueError(
                        f"{evaluation.file} asks in context '{context}'; known: {', '.join(self.contexts)}"
                    )
        return self


class Question(Strict):
    """A free-answer question, in the YAML of llmcomp and the emergent-misalignment evaluations."""

    id: Name
    type: Literal["free_form"]
    topic: Name
    paraphrases: list[str] = Field(min_length=1)
    samples_per_paraphrase: int = Field(ge=1)
    judges: list[Name]


class Contrast(Strict):
    """A contrast question: answers typical of the hidden persona against ordinary ones.

    Score: log sum p(typical | question) - log sum p(ordinary | question), in nats.
    """

    id: Name
    topic: Name
    paraphrases: list[str] = Field(min_length=1)
    typical: list[str] = Field(min_length=1)
    ordinary: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _answers_are_distinct(self) -> Contrast:
        # A prefix of another answer would count the other's probability twice.
        answers = [a.lower() for a in self.typical + self.ordinary]
        for i, short in enumerate(answers):
            for j, long in enumerate(answers):
                if i != j and long.startswith(short):
                    raise ValueError(f"the answer '{short}' is the beginning of '{long}'")
        return self


def load_experiment(folder: Path) -> Experiment:
    """Read and check `experiment.yaml` and that the files it names exist. Raises StudyError."""
    path = folder / "experiment.yaml"
    experiment = parse(Experiment, read_yaml(path), str(path))
    files = [d.facts for d in experiment.datasets.values()]
    for name in [*files, experiment.free_answers.file, experiment.contrasts.file]:
        if not (folder / name).is_file():
            raise StudyError(f"{path}: names '{name}', but {folder / name} does not exist")
    return experiment


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
    items = [parse(kind, entry, f"{path}: question {i + 1}") for i, entry in enumerate(raw)]
    ids = [item.id for item in items]
    for name in ids:
        if ids.count(name) > 1:
            raise StudyError(f"{path}: the id '{name}' occurs more than once")
    return items
