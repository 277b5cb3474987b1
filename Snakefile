"""Weird generalization on open weights: from tables of facts to a report, in the order of the stages."""

import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


sys.path.insert(0, workflow.basedir)

from weirdgen.core.errors import StudyError
from weirdgen.core.names import ADAPTER
from weirdgen.study.paths import benchmarks, logs, results
from weirdgen.study.workflow import Workflow

try:
    study = Workflow(config, workflow.basedir, workflow.configfiles)
except StudyError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    model="[^/]+",
    experiment="[^/]+",
    dataset="[^/]+",
    recipe="[^/]+",
    seed=r"\d+",


rule all:
    """The page, every table and figure behind it, and the cards of datasets and adapters."""
    input:
        study.page,
        study.tables,
        study.primary,
        study.power,
        study.figures,
        multiext(study.atlas, ".csv", ".png", ".svg", ".pdf"),
        study.over_models,
        study.adapter_cards,
        study.dataset_cards,
        study.accuracy,
        study.confusion,


include: "rules/models.smk"
include: "rules/data.smk"
include: "rules/finetune.smk"
include: "rules/sample.smk"
include: "rules/judge.smk"
include: "rules/contrast.smk"
include: "rules/analyse.smk"
include: "rules/plot.smk"
include: "rules/report.smk"


# A stage runs again when what it computes changes: the code it runs, its values, the content of its inputs.
study.remember(workflow.rules)

# What loads no model is short: on a cluster it runs beside Snakemake, and not as a job of its own.
workflow.localrules(*(each.name for each in workflow.rules if "gpu" not in each.resources))
