"""Stage 9: one self-contained page, and the targets by name."""


rule report:
    """From tables, figures, cards, runs and judgments to results/report.html: findings, figures, answers, provenance."""
    input:
        template="workflow/report/report.html.j2",
        parts=multiext("workflow/report/report", ".css", ".js"),
        atlas=multiext("results/figures/atlas", ".csv", ".svg"),
        tables=study.report_files("tables"),
        figures=study.report_files("figures"),
        cards=study.report_files("cards"),
        runs=study.report_files("runs"),
        judgments=study.report_files("judgments"),
        accuracy=study.accuracy_files(),
    output:
        report(
            "results/report.html",
            caption="../workflow/report/report.rst",
            category="study",
            labels={"page": "the study"},
        ),
    log:
        "results/logs/report.log",
    benchmark:
        "results/logs/report.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        study=study.report_params(),
        code=study.code("report"),
    script:
        "../workflow/scripts/report.py"


for name in study.study.experiments:

    rule:
        name:
            name
        input:
            study.experiment_targets(name),
