"""Stage 8: figures, one rule each; beside every figure the tidy CSV it shows."""


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
