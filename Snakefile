"""Weird generalization on open weights: from tables of facts to a report, in the order of the stages."""

import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


sys.path.insert(0, workflow.basedir)

from weirdgen.core.errors import StudyError
from weirdgen.study.workflow import Workflow

try:
    study = Workflow(config, workflow.basedir)
except StudyError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    model="[^/]+",
    experiment="[^/]+",
    dataset="[^/]+",
    recipe="[^/]+",
    seed=r"\d+",


rule all:
    """The report, and with it every table and figure of the study."""
    input:
        "results/report.html",


include: "rules/models.smk"
include: "rules/data.smk"
include: "rules/finetune.smk"
include: "rules/sample.smk"
include: "rules/judge.smk"
include: "rules/contrast.smk"
include: "rules/analyse.smk"
include: "rules/plot.smk"
include: "rules/report.smk"
include: "rules/inspect.smk"


# What loads no model is short: on a cluster it runs beside Snakemake, and not as a job of its own.
workflow.localrules(*(each.name for each in workflow.rules if "gpu" not in each.resources))
