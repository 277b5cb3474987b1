"""Names that the workflow itself uses: no experiment and no model can have them."""

from __future__ import annotations

import re

from weirdgen.plot.catalogue import FIGURES

RULES = (
    *("all", "fetch_model", "ordinary", "dataset", "dataset_card", "finetune", "finetune_watched", "adapter_card"),
    *("held_out", "recipes", "loss_table"),
    *("judge", "train_probe", "judge_with_model", "validate_judges", "validate_model_judges", "judge_accuracy"),
    *(
        "contrast_table",
        "label_table",
        "training_table",
        "curve_table",
        "effects",
        "primary",
        "published_comparison",
    ),
    *("atlas", "model_sizes", "scale", "report", "inspect_log", "inspect_logs"),
)
"""Beside those of figures, and `sample` and `contrast`, which may end in numbers."""

FOLDERS = ("figures", "judges", "logs", "published")
"""Beside those of models under results/."""


def is_rule(name: str) -> bool:
    """Whether a rule has this name, so that an experiment, which is a target, cannot have it."""
    return name in RULES or name in FIGURES or re.fullmatch(r"(sample|contrast)(_\d+)*", name) is not None
