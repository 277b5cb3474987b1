"""A strict pydantic base whose errors are one line each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from weirdgen.core.errors import StudyError
from weirdgen.core.files import read_yaml
from weirdgen.core.places import Location, Places

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


def _check_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError("a name has letters, digits, '_', '-' and '.' only: it becomes part of a path")
    return name


Name = Annotated[str, AfterValidator(_check_name)]


def _check_each_once(values: list[int | str]) -> list[int | str]:
    names = [str(value) for value in values]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{name}' occurs more than once")
    return values


EachOnce = AfterValidator(_check_each_once)
"""As text: 1 and "1" are the same."""
Names = Annotated[list[Name], EachOnce]
Values = Annotated[list[int | str], EachOnce]


class Strict(BaseModel):
    """No unknown keys, no silent conversions, no infinite or missing numbers, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def parse(
    model: type[Model], value: Any, where: str, *, files: Sequence[str | Path] = (), at: Location = (), part: str = ""
) -> Model:
    """Validate `value`; raises StudyError with every mistake, a line each that begins with `where`.

    files: what the value was read from, or merged from, if it lies in files at `at`: lines then begin with `file:line`
    in place of `where`. part: what of the file it is, such as `question 3`.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines: dict[Location, str] = {}
        places = Places(files)
        for one in error.errors():
            location = _standing(value, one["loc"], missing=one["type"] == "missing")
            if location not in lines:  # of several kinds that a value might have been, the first is enough
                head = places.of((*at, *location), one.get("input"), where)
                lines[location] = ": ".join(filter(None, (head, part, _told(one, model))))
        raise StudyError("\n".join(lines.values())) from None


def parse_file(model: type[Model], path: str | Path) -> Model:
    """Read a YAML file and validate it. Raises StudyError with every mistake, a line each that begins `path:line`."""
    return parse(model, read_yaml(path), str(path), files=[path])


def _standing(value: Any, location: Location, missing: bool) -> Location:
    """The part of a location that the value has; pydantic also names the kinds of value that it tried."""
    for depth, part in enumerate(location):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            lacks = missing and depth == len(location) - 1
            return tuple(location if lacks else location[:depth])
    return tuple(location)


def _told(error: Any, model: type[BaseModel]) -> str:
    """One mistake, without its place."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        allowed = ", ".join(_fields_at(model, error["loc"][:-1]))
        return f"unknown key '{key}'" + (f"; allowed here: {allowed}" if allowed else "")
    if error["type"] == "missing":
        return f"the key '{key}' is missing"
    message = error["msg"].removeprefix("Value error, ") + _how(error["type"], error.get("input"))
    if not key:  # a check over several keys names them itself
        return message
    return f"{key} = {_shown(key, error.get('input'))}: {message}"


def _how(kind: str, value: Any) -> str:
    """How to write what YAML reads as something else: 2e-4 is text to it, `yes` and 2027-01-02 are none."""
    if kind in ("float_type", "int_type") and isinstance(value, str):
        power = re.fullmatch(r"([-+]?\d+)(\.\d*)?[eE]([-+]?\d+)", value)
        if power:
            number = f"{power[1]}{power[2] or '.0'}e{int(power[3]):+d}"
            return f"; to YAML it is text: write {number if kind == 'float_type' else f'{float(number):.0f}'}"
        return "; write it without quotes" if re.fullmatch(r"[-+]?\d+(\.\d*)?", value) else ""
    textual = kind == "string_type" and isinstance(value, (int, float, date))
    return "; put it in quotes to have text" if textual or isinstance(value, date) else ""


SECRET = re.compile(
    r"(?<=key': ')[^']+|(?<=://)[^/@\s']+(?=@)|\b(?:sk|gsk|hf|xai|nvapi|pplx|ghp|r8)[-_][\w-]{6,}|\bAIza[\w-]+"
)
"""What may be the key of a service: under that name, in an address, or by its beginning."""


def _shown(key: str, value: Any) -> str:
    """A value in an error's line: short, and without what may be the key of a service."""
    shown = "(not shown)" if key.endswith("key") else SECRET.sub("***", repr(value))
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at a place inside nested models, [] where that cannot be told."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        while not isinstance(current, type) or not issubclass(current, BaseModel):
            inner = [a for a in getattr(current, "__args__", ()) if a not in (type(None), str, int)]
            if not inner:
                return []
            current = inner[-1]
    return list(current.model_fields)
