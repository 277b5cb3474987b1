"""Stage 5, judge: every answer labelled by every judge, by rules or by a model; and answers with a known label too."""


rule judge:
    """From samples, judge YAMLs and lexicons to one label (with its evidence) per answer and rules judge."""
    input:
        samples=results(f"samples/{ADAPTER}.parquet"),
        judges=study.judge_files,
    output:
        results(f"judgments/{ADAPTER}.parquet"),
    log:
        logs(f"judge/{ADAPTER}"),
    benchmark:
        benchmarks(f"judge/{ADAPTER}")
    conda:
        "../envs/analysis.yaml"
    params:
        judges=study.param("experiments/{experiment}/judges"),
    script:
        "../workflow/scripts/judge/judge.py"


rule train_probe:
    """From answers with their labels to a judge's probe: a linear classifier on a small model's hidden states."""
    input:
        judge=study.judge_file,
        training=study.training_set,
        model=study.probe_model,
    output:
        "results/judges/probes/{judging_model}/{judge}.safetensors",
    log:
        logs("judge/train_probe/{judging_model}/{judge}", shared=True),
    benchmark:
        benchmarks("judge/train_probe/{judging_model}/{judge}", shared=True)
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=study.judging_gpus,
        mem_mb=study.judging_memory,
        runtime=60,
    params:
        model=study.param("judging/probe"),
    script:
        "../workflow/scripts/judge/train_probe.py"


rule judge_with_model:
    """From all samples of an experiment to the labels and ratings of the judges that a model answers."""
    input:
        samples=study.samples,
        judges=study.model_judge_files,
        probes=study.probes,
        model=study.judging_weights,
    output:
        results("model_judgments.parquet"),
    log:
        logs("judge/judge_with_model"),
    benchmark:
        benchmarks("judge/judge_with_model")
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
        replying=study.param("judging/replies"),
        models=study.knob("judging/models"),
        replies="resources/replies/replies.sqlite",
    script:
        "../workflow/scripts/judge/judge_with_model.py"


rule validate_judges:
    """From answers with the right label to what the study's rules judges say of them."""
    input:
        study.validation_sets("rules"),
    output:
        "results/judges/rules.parquet",
    log:
        logs("judge/validate_judges", shared=True),
    benchmark:
        benchmarks("judge/validate_judges", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        judges=study.asked_for_validation("rules"),
    script:
        "../workflow/scripts/judge/validate_judges.py"


rule validate_model_judges:
    """From answers with the right label to what the judging model says of them."""
    input:
        judges=study.validation_sets("models"),
        probes=study.validated_probes,
        model=study.judging_weights,
    output:
        "results/judges/models.parquet",
    log:
        logs("judge/validate_model_judges", shared=True),
    benchmark:
        benchmarks("judge/validate_model_judges", shared=True)
    conda:
        "../envs/torch.yaml"
    threads: study.judging_threads
    resources:
        gpu=study.judging_gpus,
        mem_mb=study.judging_memory,
        runtime=60,
        judging=1,
    params:
        judges=study.asked_for_validation("models"),
        replying=study.param("judging/replies"),
        models=study.knob("judging/models"),
        replies="resources/replies/replies.sqlite",
    script:
        "../workflow/scripts/judge/validate_model_judges.py"
