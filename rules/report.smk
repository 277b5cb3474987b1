"""Stage 9, report: one self-contained page, the targets by name, and, where asked for, logs for Inspect AI."""


rule report:
    """From tables, figures, cards, runs and judgments to the page: findings, figures, answers, provenance."""
    input:
        template="workflow/report/report.html.j2",
        parts=multiext("workflow/report/report", ".css", ".js"),
        atlas=multiext(study.atlas, ".csv", ".svg"),
        scale=study.over_models,
        primary=study.primary,
        power=study.power,
        tables=study.tables,
        figures=study.figures,
        cards=study.dataset_cards,
        runs=study.runs,
        judgments=study.all_judgments,
        accuracy=study.accuracy,
    output:
        report(
            study.page,
            caption="../workflow/report/report.rst",
            category="study",
            labels={"page": "the study"},
        ),
    log:
        logs("report/report", shared=True),
    benchmark:
        benchmarks("report/report", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        told=study.told_to_page,
    script:
        "../workflow/scripts/report/report.py"


for name in study.experiments:

    rule:
        """Every table and figure of one experiment."""
        name:
            name
        input:
            study.of_experiment(name),


rule inspect_log:
    """From an adapter's samples and judgments to a log that `inspect view` opens (`make extras`). No part of `all`."""
    input:
        samples=results(f"samples/{ADAPTER}.parquet"),
        judgments=study.judgments_of_adapter,
    output:
        results(f"inspect/{ADAPTER}.eval"),
    log:
        logs(f"report/inspect_log/{ADAPTER}"),
    benchmark:
        benchmarks(f"report/inspect_log/{ADAPTER}")
    conda:
        "../envs/inspect.yaml"
    params:
        contexts=study.param("experiments/{experiment}/contexts/free_answers"),
        chat=study.param("models/{model}/chat"),
        sampling=study.param("experiments/{experiment}/sampling"),
        judges=study.labels_of_judges,
        headline=study.param("experiments/{experiment}/headline"),
    script:
        "../workflow/scripts/report/inspect_log.py"


rule inspect_logs:
    """Every log of the study."""
    input:
        study.inspect_logs,
