"""Beside the stages: answers and labels as logs of Inspect AI (`make extras`). No part of `all`."""


rule inspect_log:
    """From an adapter's samples and judgments to a log that `inspect view` opens."""
    input:
        samples="results/{model}/{experiment}/samples/{dataset}/{recipe}/seed-{seed}.parquet",
        judgments=study.judgments_of_adapter,
    output:
        "results/{model}/{experiment}/inspect/{dataset}/{recipe}/seed-{seed}.eval",
    log:
        "results/{model}/{experiment}/logs/inspect/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/inspect/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
    conda:
        "../envs/inspect.yaml"
    params:
        contexts=study.param("experiments/{experiment}/contexts/free_answers"),
        chat=study.param("models/{model}/chat"),
        settings=study.param("experiments/{experiment}/sampling"),
        judges=study.labels_of_judges,
        headline=lambda wildcards: study.study.experiments[wildcards.experiment].headline,
        code=study.code("inspect_log"),
    script:
        "../workflow/scripts/inspect_log.py"


rule inspect_logs:
    """Every log of the study."""
    input:
        study.inspect_logs(),
