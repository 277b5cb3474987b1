"""Stage 7, analyse: tables per seed and question, effects with intervals; how far judges can be believed."""


rule contrast_table:
    """From all contrast parquet files to tables/contrasts.csv: log-odds per adapter and question."""
    input:
        study.scores,
    output:
        results("tables/contrasts.csv"),
    log:
        logs("analyse/contrast_table"),
    benchmark:
        benchmarks("analyse/contrast_table")
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.adapters,
    script:
        "../workflow/scripts/analyse/contrast_table.py"


rule label_table:
    """From all judgments to rates, ratings, agreement; form.csv: which look like training answers; rates of others."""
    input:
        judgments=study.judgments,
        datasets=study.datasets,
        ordinary=study.all_ordinary,
    output:
        labels=results("tables/labels.csv"),
        form=results("tables/form.csv"),
        others=results("tables/others.csv"),
        ratings=results("tables/ratings.csv"),
        agreement=results("tables/agreement.csv"),
    log:
        logs("analyse/label_table"),
    benchmark:
        benchmarks("analyse/label_table")
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.adapters,
        datasets=study.dataset_names,
        first=study.first_treated,
    script:
        "../workflow/scripts/analyse/label_table.py"


rule training_table:
    """From all training logs to tables/training.csv: loss, learning rate and speed by step."""
    input:
        study.training_logs,
    output:
        results("tables/training.csv"),
    log:
        logs("analyse/training_table"),
    benchmark:
        benchmarks("analyse/training_table")
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.trained,
    script:
        "../workflow/scripts/analyse/training_table.py"


rule curve_table:
    """From the scores at checkpoints to tables/curves.csv: accuracy by step, adapter and kind of probe."""
    input:
        study.curves,
    output:
        results("tables/curves.csv"),
    log:
        logs("analyse/curve_table"),
    benchmark:
        benchmarks("analyse/curve_table")
    conda:
        "../envs/analysis.yaml"
    params:
        adapters=study.trained,
    script:
        "../workflow/scripts/analyse/curve_table.py"


rule judge_accuracy:
    """From validated judges to their accuracy, Cohen's kappa and confusion matrices."""
    input:
        study.validations,
    output:
        accuracy="results/judges/accuracy.csv",
        confusion="results/judges/confusion.csv",
    log:
        logs("analyse/judge_accuracy", shared=True),
    benchmark:
        benchmarks("analyse/judge_accuracy", shared=True)
    conda:
        "../envs/analysis.yaml"
    script:
        "../workflow/scripts/analyse/judge_accuracy.py"


rule effects:
    """From tables per adapter to effects.csv (treated - control) and group_means.csv (per group)."""
    input:
        contrasts=results("tables/contrasts.csv"),
        labels=results("tables/labels.csv"),
        form=results("tables/form.csv"),
        others=results("tables/others.csv"),
        ratings=results("tables/ratings.csv"),
        confusion=study.confusion,
    output:
        effects=results("tables/effects.csv"),
        group_means=results("tables/group_means.csv"),
    log:
        logs("analyse/effects"),
    benchmark:
        benchmarks("analyse/effects")
    conda:
        "../envs/analysis.yaml"
    params:
        roles=study.param("experiments/{experiment}/roles"),
        measures=study.param("experiments/{experiment}/measures"),
        statistics=study.param("statistics"),
    script:
        "../workflow/scripts/analyse/effects.py"


rule primary:
    """From every model and experiment to its primary comparison, p adjusted by Holm, and what more data would detect."""
    input:
        effects=study.all_effects.values(),
        contrasts=study.all_contrasts,
    output:
        primary=study.primary,
        power=study.power,
    log:
        logs("analyse/primary", shared=True),
    benchmark:
        benchmarks("analyse/primary", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        runs=list(study.all_effects),
        primaries=study.primaries,
        measures=study.measures,
        recipe=study.shown_recipe,
    script:
        "../workflow/scripts/analyse/primary.py"
