"""Stage 4: free answers, sampled."""


rule sample:
    """From an adapter (none for `base`) and questions.yaml to sampled answers, one row each."""
    input:
        model="resources/models/{model}",
        adapter=study.adapter_files,
        questions=lambda wildcards: study.experiment_file("free_answers", wildcards),
    output:
        "results/{model}/{experiment}/samples/{dataset}/{recipe}/seed-{seed}.parquet",
    log:
        "results/{model}/{experiment}/logs/sample/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/sample/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=3000,
    params:
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        contexts=lookup("experiments/{experiment}/contexts/free_answers", within=study.params),
        settings=lookup("experiments/{experiment}/sampling", within=study.params),
        code=study.code("sample"),
    script:
        "../workflow/scripts/sample.py"
