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
    wildcard_constraints:
        dataset=study.alone,
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=lookup("models/{model}/mem_mb", within=study.params),
        runtime=60,
    params:
        seeds=lambda wildcards: [int(wildcards.seed)],
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        contexts=lookup("experiments/{experiment}/contexts/contrasts", within=study.params),
        code=study.code("contrast"),
    script:
        "../workflow/scripts/contrast.py"


for seeds in study.seeds_together:

    # seeds_per_job: one job, and one start of Python and torch, for several adapters of a dataset.
    rule:
        name:
            f"contrast_{'_'.join(map(str, seeds))}"
        input:
            model="resources/models/{model}",
            adapter=lambda wildcards, seeds=seeds: study.adapters_of_seeds(seeds, wildcards),
            contrasts=lambda wildcards: study.experiment_file("contrasts", wildcards),
        output:
            expand("results/{{model}}/{{experiment}}/contrasts/{{dataset}}/{{recipe}}/seed-{seed}.parquet", seed=seeds),
        log:
            f"results/{{model}}/{{experiment}}/logs/contrast/{{dataset}}/{{recipe}}/seeds-{'-'.join(map(str, seeds))}.log",
        benchmark:
            f"results/{{model}}/{{experiment}}/logs/contrast/{{dataset}}/{{recipe}}/seeds-{'-'.join(map(str, seeds))}.benchmark.tsv"
        wildcard_constraints:
            dataset="(?!base/)[^/]+",
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            gpu=lookup("models/{model}/gpus", within=study.params),
            mem_mb=lookup("models/{model}/mem_mb", within=study.params),
            runtime=60,
        params:
            seeds=seeds,
            load=lookup("models/{model}/load", within=study.params),
            chat=lookup("models/{model}/chat", within=study.params),
            contexts=lookup("experiments/{experiment}/contexts/contrasts", within=study.params),
            code=study.code("contrast"),
        script:
            "../workflow/scripts/contrast.py"
