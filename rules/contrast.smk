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
        gpu=study.param("models/{model}/gpus"),
        mem_mb=study.param("models/{model}/mem_mb"),
        runtime=60,
    params:
        seeds=lambda wildcards: [int(wildcards.seed)],
        load=study.param("models/{model}/load"),
        chat=study.param("models/{model}/chat"),
        contexts=study.param("experiments/{experiment}/contexts/contrasts"),
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
            gpu=study.param("models/{model}/gpus"),
            mem_mb=study.param("models/{model}/mem_mb"),
            runtime=60,
        params:
            seeds=seeds,
            load=study.param("models/{model}/load"),
            chat=study.param("models/{model}/chat"),
            contexts=study.param("experiments/{experiment}/contexts/contrasts"),
            code=study.code("contrast"),
        script:
            "../workflow/scripts/contrast.py"
