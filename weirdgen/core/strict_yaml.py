"""YAML as people mean it: a key said twice, and text that YAML 1.1 takes for a number, are errors.

A key said twice is the last one to YAML, 12:30 is 750, 010 is 8 and 1_000 is 1000: nobody who writes them means that.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from weirdgen.core.text import flaw

BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same reader, ten times as fast where PyYAML was built with libyaml."""

PLAIN = re.compile(r"[-+]?(0|[1-9][0-9]*|[0-9]*\.[0-9]*([eE][-+][0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))")
"""A number that is what it looks like."""


class Loader(BASE):
    """Safe, with the checks of this module."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.checked: set[yaml.MappingNode] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Called for every mapping, the first time before `<<` puts other keys among its own."""
        if node not in self.checked:
            self.checked.add(node)
            keys = set()
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                name = key.value if key.tag in TEXT else self.construct_object(key)
                if name in keys:
                    raise yaml.MarkedYAMLError(problem=f"the key '{name}' occurs twice", problem_mark=key.start_mark)
                keys.add(name)
        super().flatten_mapping(node)

    def text(self, node: yaml.ScalarNode) -> str:
        """A text that can be written again."""
        if found := flaw(node.value):
            raise yaml.MarkedYAMLError(problem=f"the text holds {found}", problem_mark=node.start_mark)
        return node.value

    def whole(self, node: yaml.ScalarNode) -> int:
        """A whole number."""
        return self._as_written(node, self.construct_yaml_int(node))

    def real(self, node: yaml.ScalarNode) -> float:
        """A number."""
        return self._as_written(node, self.construct_yaml_float(node))

    def _as_written(self, node: yaml.ScalarNode, number: Any) -> Any:
        if PLAIN.fullmatch(node.value):
            return number
        problem = f"{node.value} is the number {number} to YAML; write that, or '{node.value}' in quotes"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")

for kind, construct in (("str", Loader.text), ("int", Loader.whole), ("float", Loader.real)):
    Loader.add_constructor(f"tag:yaml.org,2002:{kind}", construct)
