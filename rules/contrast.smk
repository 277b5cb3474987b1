"""Stage 6: contrasts, the exact instrument."""


rule contrast:
    """From an adapter (none for `base`) and contrasts.yaml to the log-probability of every answer."""
    input:
        model="resources/models/{model}",
        adapter=study.adapter_files,
        contrasts=lambda wildcards: study.experiment_file("contrasts", wildcards),
    output:
        "results/{model}/{experiment}/contrasts/{dataset}/{recipe}/seed-{seed}.parquet",
    log:
        "results/{model}/{experiment}/logs/contrast/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/contrast/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=lookup("models/{model}/mem_mb", within=study.params),
        runtime=60,
    params:
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        contexts=lookup("experiments/{experiment}/contexts/contrasts", within=study.params),
        code=study.code("contrast"),
    script:
        "../workflow/scripts/contrast.py"
