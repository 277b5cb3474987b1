"""Stage 5: every answer labelled by every judge."""


rule judge:
    """From samples, judge YAMLs and lexicons to one label (with its evidence) per answer and judge."""
    input:
        samples="results/{model}/{experiment}/samples/{dataset}/{recipe}/seed-{seed}.parquet",
        judges=study.judge_files,
    output:
        "results/{model}/{experiment}/judgments/{dataset}/{recipe}/seed-{seed}.parquet",
    log:
        "results/{model}/{experiment}/logs/judge/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/judge/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        judges=lookup("experiments/{experiment}/judges", within=study.params),
        code=study.code("judge"),
    script:
        "../workflow/scripts/judge.py"
