"""Stage 7: tables per seed and question, then effects with intervals."""


rule contrast_table:
    """From all contrast parquet files to tables/contrasts.csv: log-odds per adapter and question."""
    input:
        lambda wildcards: study.parts("contrasts", wildcards),
    output:
        "results/{model}/{experiment}/tables/contrasts.csv",
    log:
        "results/{model}/{experiment}/logs/contrast_table.log",
    benchmark:
        "results/{model}/{experiment}/logs/contrast_table.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.adapters,
        code=study.code("contrast_table"),
    script:
        "../workflow/scripts/contrast_table.py"


rule label_table:
    """From all judgments to labels.csv (count and rate per adapter and question), ratings.csv, agreement.csv."""
    input:
        study.judgments,
    output:
        labels="results/{model}/{experiment}/tables/labels.csv",
        ratings="results/{model}/{experiment}/tables/ratings.csv",
        agreement="results/{model}/{experiment}/tables/agreement.csv",
    log:
        "results/{model}/{experiment}/logs/label_table.log",
    benchmark:
        "results/{model}/{experiment}/logs/label_table.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.adapters,
        code=study.code("label_table"),
    script:
        "../workflow/scripts/label_table.py"


rule training_table:
    """From all training logs to tables/training.csv: loss, learning rate and speed by step."""
    input:
        lambda wildcards: study.training("train_log.csv", wildcards),
    output:
        "results/{model}/{experiment}/tables/training.csv",
    log:
        "results/{model}/{experiment}/logs/training_table.log",
    benchmark:
        "results/{model}/{experiment}/logs/training_table.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.trained,
        code=study.code("training_table"),
    script:
        "../workflow/scripts/training_table.py"


rule curve_table:
    """From the scores at checkpoints to tables/curves.csv: accuracy by step, adapter and kind of probe."""
    input:
        lambda wildcards: study.training("curve.csv", wildcards),
    output:
        "results/{model}/{experiment}/tables/curves.csv",
    log:
        "results/{model}/{experiment}/logs/curve_table.log",
    benchmark:
        "results/{model}/{experiment}/logs/curve_table.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.trained,
        code=study.code("curve_table"),
    script:
        "../workflow/scripts/curve_table.py"


rule effects:
    """From tables per adapter to effects.csv (treated - control) and group_means.csv (per group)."""
    input:
        contrasts="results/{model}/{experiment}/tables/contrasts.csv",
        labels="results/{model}/{experiment}/tables/labels.csv",
        ratings="results/{model}/{experiment}/tables/ratings.csv",
        confusion="results/judges/confusion.csv" if study.validations() else [],
    output:
        effects="results/{model}/{experiment}/tables/effects.csv",
        group_means="results/{model}/{experiment}/tables/group_means.csv",
    log:
        "results/{model}/{experiment}/logs/effects.log",
    benchmark:
        "results/{model}/{experiment}/logs/effects.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        roles=study.param("experiments/{experiment}/roles"),
        measures=study.param("experiments/{experiment}/measures"),
        statistics=study.param("statistics"),
        code=study.code("effects"),
    script:
        "../workflow/scripts/effects.py"
