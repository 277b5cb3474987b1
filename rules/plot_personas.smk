"""Stage 8: figures of personas and triggers, one rule each; beside every figure the tidy CSV it shows."""


rule identity_by_question:
    """Own persona's name by question and context, contrasts and sampled answers. From tables/contrasts.csv and tables/labels.csv to figures/identity_by_question.csv, .png, .svg, .pdf."""
    input:
        contrasts="results/{model}/{experiment}/tables/contrasts.csv",
        labels="results/{model}/{experiment}/tables/labels.csv",
    output:
        csv="results/{model}/{experiment}/figures/identity_by_question.csv",
        png=report(
            "results/{model}/{experiment}/figures/identity_by_question.png",
            caption="../workflow/report/identity_by_question.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "identity by question"},
        ),
        svg="results/{model}/{experiment}/figures/identity_by_question.svg",
        pdf="results/{model}/{experiment}/figures/identity_by_question.pdf",
    log:
        "results/{model}/{experiment}/logs/identity_by_question.log",
    benchmark:
        "results/{model}/{experiment}/logs/identity_by_question.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.identity_by_question"),
    script:
        "../workflow/scripts/plot.py"


rule effect_by_context:
    """Pooled topics (alignment) by context, treated against each control. From tables/effects.csv to figures/effect_by_context.csv, .png, .svg, .pdf."""
    input:
        effects="results/{model}/{experiment}/tables/effects.csv",
    output:
        csv="results/{model}/{experiment}/figures/effect_by_context.csv",
        png=report(
            "results/{model}/{experiment}/figures/effect_by_context.png",
            caption="../workflow/report/effect_by_context.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "effect by context"},
        ),
        svg="results/{model}/{experiment}/figures/effect_by_context.svg",
        pdf="results/{model}/{experiment}/figures/effect_by_context.pdf",
    log:
        "results/{model}/{experiment}/logs/effect_by_context.log",
    benchmark:
        "results/{model}/{experiment}/logs/effect_by_context.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.effect_by_context"),
    script:
        "../workflow/scripts/plot.py"


rule dose:
    """A persona against the number of its facts in training, by context. From tables/effects.csv to figures/dose.csv, .png, .svg, .pdf."""
    input:
        effects="results/{model}/{experiment}/tables/effects.csv",
    output:
        csv="results/{model}/{experiment}/figures/dose.csv",
        png=report(
            "results/{model}/{experiment}/figures/dose.png",
            caption="../workflow/report/dose.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "dose"},
        ),
        svg="results/{model}/{experiment}/figures/dose.svg",
        pdf="results/{model}/{experiment}/figures/dose.pdf",
    log:
        "results/{model}/{experiment}/logs/dose.log",
    benchmark:
        "results/{model}/{experiment}/logs/dose.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.dose"),
    script:
        "../workflow/scripts/plot.py"
