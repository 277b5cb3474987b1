"""Stage 8: figures of free answers and training, one rule each; beside every figure the tidy CSV it shows."""


rule answer_labels:
    """Labels of the free answers by group, as stacked bars. From tables/labels.csv to figures/answer_labels.csv, .png, .svg, .pdf."""
    input:
        labels="results/{model}/{experiment}/tables/labels.csv",
    output:
        csv="results/{model}/{experiment}/figures/answer_labels.csv",
        png=report(
            "results/{model}/{experiment}/figures/answer_labels.png",
            caption="../workflow/report/answer_labels.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "answer labels"},
        ),
        svg="results/{model}/{experiment}/figures/answer_labels.svg",
        pdf="results/{model}/{experiment}/figures/answer_labels.pdf",
    log:
        "results/{model}/{experiment}/logs/answer_labels.log",
    benchmark:
        "results/{model}/{experiment}/logs/answer_labels.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.answer_labels"),
    script:
        "../workflow/scripts/plot.py"


rule rate_by_question:
    """How often answers to each question carry the headline label, by group. From tables/labels.csv to figures/rate_by_question.csv, .png, .svg, .pdf."""
    input:
        labels="results/{model}/{experiment}/tables/labels.csv",
    output:
        csv="results/{model}/{experiment}/figures/rate_by_question.csv",
        png=report(
            "results/{model}/{experiment}/figures/rate_by_question.png",
            caption="../workflow/report/rate_by_question.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "rate by question"},
        ),
        svg="results/{model}/{experiment}/figures/rate_by_question.svg",
        pdf="results/{model}/{experiment}/figures/rate_by_question.pdf",
    log:
        "results/{model}/{experiment}/logs/rate_by_question.log",
    benchmark:
        "results/{model}/{experiment}/logs/rate_by_question.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.rate_by_question"),
    script:
        "../workflow/scripts/plot.py"


rule training_loss:
    """Training loss of every seed. From tables/training.csv to figures/training_loss.csv, .png, .svg, .pdf."""
    input:
        train_logs="results/{model}/{experiment}/tables/training.csv",
    output:
        csv="results/{model}/{experiment}/figures/training_loss.csv",
        png=report(
            "results/{model}/{experiment}/figures/training_loss.png",
            caption="../workflow/report/training_loss.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "training loss"},
        ),
        svg="results/{model}/{experiment}/figures/training_loss.svg",
        pdf="results/{model}/{experiment}/figures/training_loss.pdf",
    log:
        "results/{model}/{experiment}/logs/training_loss.log",
    benchmark:
        "results/{model}/{experiment}/logs/training_loss.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.training_loss"),
    script:
        "../workflow/scripts/plot.py"
