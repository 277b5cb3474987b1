"""Templates over names in braces: `{name}` is filled in, `{{` and `}}` are braces themselves."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator

PROMPT = "prompt"
"""What a context's template calls the prompt inside it: nothing else can have this name."""


def names_in(template: str) -> set[str]:
    """The names that a template fills in. Raises ValueError where braces hold no plain name."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("a brace stands alone; write {{ and }} for braces themselves") from None
    names = set()
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if not name or name.isdigit() or set(name) & set(".[]") or form or conversion:
            raise ValueError(f"braces hold '{name}', no plain name; write {{{{ and }}}} for braces themselves")
        names.add(name)
    return names


def literal(text: str) -> str:
    """A text as a template that says it."""
    return text.replace("{", "{{").replace("}", "}}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its names replaced. Raises KeyError for a name without a value."""
    return template.format_map(values)


def _check(template: str) -> str:
    names_in(template)
    return template


Template = Annotated[str, AfterValidator(_check)]
"""Over names that are known elsewhere."""


def template_over(*names: str) -> AfterValidator:
    """A check of settings: a template that uses each of these names, and no other."""

    def _check_names(template: str) -> str:
        if names_in(template) != set(names):
            raise ValueError(f"a template over {' and '.join(f'{{{name}}}' for name in names)}, and no other names")
        return template

    return AfterValidator(_check_names)
