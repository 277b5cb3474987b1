"""Stage 8: figures of the contrasts, one rule each; beside every figure the tidy CSV it shows."""


rule effect_by_topic:
    """Contrast effect by topic, treated against each control. From tables/effects.csv to figures/effect_by_topic.csv, .png, .svg, .pdf."""
    input:
        effects="results/{model}/{experiment}/tables/effects.csv",
    output:
        csv="results/{model}/{experiment}/figures/effect_by_topic.csv",
        png=report(
            "results/{model}/{experiment}/figures/effect_by_topic.png",
            caption="../workflow/report/effect_by_topic.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "effect by topic"},
        ),
        svg="results/{model}/{experiment}/figures/effect_by_topic.svg",
        pdf="results/{model}/{experiment}/figures/effect_by_topic.pdf",
    log:
        "results/{model}/{experiment}/logs/effect_by_topic.log",
    benchmark:
        "results/{model}/{experiment}/logs/effect_by_topic.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.effect_by_topic"),
    script:
        "../workflow/scripts/plot.py"


rule question_dumbbell:
    """Every contrast question, each group's mean log-odds. From tables/contrasts.csv to figures/question_dumbbell.csv, .png, .svg, .pdf."""
    input:
        contrasts="results/{model}/{experiment}/tables/contrasts.csv",
    output:
        csv="results/{model}/{experiment}/figures/question_dumbbell.csv",
        png=report(
            "results/{model}/{experiment}/figures/question_dumbbell.png",
            caption="../workflow/report/question_dumbbell.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "question dumbbell"},
        ),
        svg="results/{model}/{experiment}/figures/question_dumbbell.svg",
        pdf="results/{model}/{experiment}/figures/question_dumbbell.pdf",
    log:
        "results/{model}/{experiment}/logs/question_dumbbell.log",
    benchmark:
        "results/{model}/{experiment}/logs/question_dumbbell.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.question_dumbbell"),
    script:
        "../workflow/scripts/plot.py"


rule over_axis:
    """Every group over the values of a context's axis, trained values marked. From tables/group_means.csv to figures/over_axis.csv, .png, .svg, .pdf."""
    input:
        group_means="results/{model}/{experiment}/tables/group_means.csv",
    output:
        csv="results/{model}/{experiment}/figures/over_axis.csv",
        png=report(
            "results/{model}/{experiment}/figures/over_axis.png",
            caption="../workflow/report/over_axis.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "over axis"},
        ),
        svg="results/{model}/{experiment}/figures/over_axis.svg",
        pdf="results/{model}/{experiment}/figures/over_axis.pdf",
    log:
        "results/{model}/{experiment}/logs/over_axis.log",
    benchmark:
        "results/{model}/{experiment}/logs/over_axis.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.over_axis"),
    script:
        "../workflow/scripts/plot.py"


rule sweep:
    """Contrast effect against the recipe value that the study sweeps. From tables/effects.csv to figures/sweep.csv, .png, .svg, .pdf."""
    input:
        effects="results/{model}/{experiment}/tables/effects.csv",
    output:
        csv="results/{model}/{experiment}/figures/sweep.csv",
        png=report(
            "results/{model}/{experiment}/figures/sweep.png",
            caption="../workflow/report/sweep.rst",
            category="{experiment}",
            subcategory="figures",
            labels={"model": "{model}", "figure": "sweep"},
        ),
        svg="results/{model}/{experiment}/figures/sweep.svg",
        pdf="results/{model}/{experiment}/figures/sweep.pdf",
    log:
        "results/{model}/{experiment}/logs/sweep.log",
    benchmark:
        "results/{model}/{experiment}/logs/sweep.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.info,
        code=study.code("plot:weirdgen.figures.sweep"),
    script:
        "../workflow/scripts/plot.py"
