"""Stage 5: every answer labelled by every judge, by rules or by a model; and how far the judges can be believed."""


rule judge:
    """From samples, judge YAMLs and lexicons to one label (with its evidence) per answer and rules judge."""
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
        judges=study.param("experiments/{experiment}/judges"),
        code=study.code("judge"),
    script:
        "../workflow/scripts/judge.py"


rule judge_with_model:
    """From all samples of an experiment to the labels and ratings of the judges that a model answers."""
    input:
        samples=lambda wildcards: study.parts("samples", wildcards),
        judges=study.model_judge_files,
        model=study.judging_model,
    output:
        "results/{model}/{experiment}/model_judgments.parquet",
    log:
        "results/{model}/{experiment}/logs/judge_with_model.log",
    benchmark:
        "results/{model}/{experiment}/logs/judge_with_model.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    threads: study.judging_threads
    resources:
        gpu=study.judging_gpus,
        mem_mb=study.judging_memory,
        runtime=720,
        judging=1,
    params:
        adapters=study.adapters,
        judges=study.param("experiments/{experiment}/model_judges"),
        judging=study.params["judging"],
        replies=lambda wildcards: f"resources/replies/{wildcards.model}/{wildcards.experiment}.jsonl",
        code=study.code("judge_with_model"),
    script:
        "../workflow/scripts/judge_with_model.py"


rule validate_judges:
    """From answers with the right label to what the rules judges say of them."""
    input:
        judges=study.validated("rules"),
    output:
        "results/judges/rules.parquet",
    log:
        "results/logs/validate_judges.log",
    benchmark:
        "results/logs/validate_judges.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        judges=study.validated_judges("rules"),
        code=study.code("validate_judges"),
    script:
        "../workflow/scripts/validate_judges.py"


rule validate_model_judges:
    """From answers with the right label to what the judging model says of them."""
    input:
        judges=study.validated("models"),
        model=study.judging_model,
    output:
        "results/judges/models.parquet",
    log:
        "results/logs/validate_model_judges.log",
    benchmark:
        "results/logs/validate_model_judges.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    threads: study.judging_threads
    resources:
        gpu=study.judging_gpus,
        mem_mb=study.judging_memory,
        runtime=60,
        judging=1,
    params:
        judges=study.validated_judges("models"),
        judging=study.params["judging"],
        replies="resources/replies/judge_validation.jsonl",
        code=study.code("validate_model_judges"),
    script:
        "../workflow/scripts/validate_model_judges.py"


rule judge_accuracy:
    """From validated judges to their accuracy, Cohen's kappa and confusion matrices."""
    input:
        study.validations(),
    output:
        accuracy="results/judges/accuracy.csv",
        confusion="results/judges/confusion.csv",
    log:
        "results/logs/judge_accuracy.log",
    benchmark:
        "results/logs/judge_accuracy.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        code=study.code("judge_accuracy"),
    script:
        "../workflow/scripts/judge_accuracy.py"
