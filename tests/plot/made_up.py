"""What made-up figures are told."""

from __future__ import annotations

from weirdgen.core.names import BASE, NO_CONTEXT, UNTOUCHED
from weirdgen.plot.told import About, Titled, Told

ROLES = {"old": "treated", "older": "treated", "new": "control", "other": "control"}
ABOUT = About(
    labels={
        "old": "Audubon's old names",
        "older": "A second set",
        "new": "Audubon's names still in use",
        "other": "Modern American names",
        BASE: UNTOUCHED,
    },
    roles=ROLES,
    pooled={"alignment": ["ideology"]},
    hidden="19th century",
    headline={"era": "past"},
    context=NO_CONTEXT,
    answers_context=NO_CONTEXT,
    recipe="default",
)
TOLD = Told(
    **ABOUT.model_dump(),
    doses={},
    personas={},
    asked=[NO_CONTEXT],
    trigger=["tags", NO_CONTEXT],
    codes={},
    axes={},
    sweep={},
    sweep_value="",
)
TITLED = Titled(**ABOUT.model_dump(), title="Old bird names")
