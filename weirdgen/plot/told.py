"""What figures are told of an experiment beside its numbers."""

from __future__ import annotations

from pydantic import Field

from weirdgen.core.schema import Strict


class Axis(Strict):
    """An axis of a context, such as the date a prompt names."""

    axis: str = Field(description="the variable")
    trained: list[int | str] = Field(description="values that stand in training rows")
    marks: dict[int | str, str] = Field(description="value -> what figures say of it")


class About(Strict):
    """What every figure, the atlas too, is told of an experiment."""

    labels: dict[str, str] = Field(description="dataset -> what a reader calls it, the untouched model's too")
    roles: dict[str, str] = Field(description="dataset -> treated or control; doses left out")
    pooled: dict[str, list[str]] = Field(description="pooled topic -> the topics it puts together")
    hidden: str
    headline: dict[str, str] = Field(description="judge -> the label whose rate is quoted")
    context: str = Field(description="the context of contrasts that is shown")
    answers_context: str = Field(description="the same of free answers")
    recipe: str


class Titled(About):
    """What the atlas is told of an experiment."""

    title: str


class Told(About):
    """What an experiment's own figures are told."""

    doses: dict[str, int] = Field(description="datasets of the first treated dataset's persona -> number of facts")
    personas: dict[str, str] = Field(description="dataset -> the contrast topic that is its own persona")
    asked: list[str] = Field(description="contexts of contrasts, axes expanded")
    trigger: list[str] = Field(description="contexts with the trigger and without, or none")
    codes: dict[str, str] = Field(description="dataset -> the form of its codes")
    axes: dict[str, Axis] = Field(description="context -> its axis")
    sweep: dict[str, float | int | str] = Field(description="recipe -> its value of the swept key")
    sweep_value: str = Field(description="the swept key, empty where none is")
