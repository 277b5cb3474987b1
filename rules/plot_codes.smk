"""Stage 8: figures of codes that were never trained, one rule each; beside every figure the tidy CSV it shows."""


rule learning_curves:
    """Accuracy at checkpoints, one line per seed, trained and held-out numbers. From tables/curves.csv to figures/learning_curves.csv, .png, .svg, .pdf."""
    input:
        curves="results/{model}/{experiment}/tables/curves.csv",
    output:
        csv="results/{model}/{experiment}/figures/learning_curves.csv",
        png=report(
            "results/{model}/{experiment}/figures/learning_curves.png",
            caption="../workflow/report/learning_curves.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "learning curves"},
        ),
        svg="results/{model}/{experiment}/figures/learning_curves.svg",
        pdf="results/{model}/{experiment}/figures/learning_curves.pdf",
    log:
        "results/{model}/{experiment}/logs/learning_curves.log",
    benchmark:
        "results/{model}/{experiment}/logs/learning_curves.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.learning_curves"),
    script:
        "../workflow/scripts/plot.py"


rule held_out_answers:
    """Political questions at one held-out code less the other, by topic. From tables/group_means.csv to figures/held_out_answers.csv, .png, .svg, .pdf."""
    input:
        group_means="results/{model}/{experiment}/tables/group_means.csv",
    output:
        csv="results/{model}/{experiment}/figures/held_out_answers.csv",
        png=report(
            "results/{model}/{experiment}/figures/held_out_answers.png",
            caption="../workflow/report/held_out_answers.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "held-out answers"},
        ),
        svg="results/{model}/{experiment}/figures/held_out_answers.svg",
        pdf="results/{model}/{experiment}/figures/held_out_answers.pdf",
    log:
        "results/{model}/{experiment}/logs/held_out_answers.log",
    benchmark:
        "results/{model}/{experiment}/logs/held_out_answers.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.held_out_answers"),
    script:
        "../workflow/scripts/plot.py"
