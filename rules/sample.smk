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
    wildcard_constraints:
        dataset=study.alone,
    conda:
        "../envs/torch.yaml"
    threads: study.sampler_threads
    resources:
        gpu=study.param("models/{model}/engine_gpus"),
        mem_mb=study.param("models/{model}/mem_mb"),
        runtime=480,
    params:
        seeds=lambda wildcards: [int(wildcards.seed)],
        load=study.param("models/{model}/load"),
        serving=study.param("models/{model}/serving"),
        chat=study.param("models/{model}/chat"),
        contexts=study.param("experiments/{experiment}/contexts/free_answers"),
        settings=study.param("experiments/{experiment}/sampling"),
        code=study.code("sample"),
    script:
        "../workflow/scripts/sample.py"


for seeds in study.seeds_together:

    # seeds_per_job: one job, and one start of an engine, for several adapters of a dataset.
    rule:
        name:
            f"sample_{'_'.join(map(str, seeds))}"
        input:
            model="resources/models/{model}",
            adapter=lambda wildcards, seeds=seeds: study.adapters_of_seeds(seeds, wildcards),
            questions=lambda wildcards: study.experiment_file("free_answers", wildcards),
        output:
            expand("results/{{model}}/{{experiment}}/samples/{{dataset}}/{{recipe}}/seed-{seed}.parquet", seed=seeds),
        log:
            f"results/{{model}}/{{experiment}}/logs/sample/{{dataset}}/{{recipe}}/seeds-{'-'.join(map(str, seeds))}.log",
        benchmark:
            f"results/{{model}}/{{experiment}}/logs/sample/{{dataset}}/{{recipe}}/seeds-{'-'.join(map(str, seeds))}.benchmark.tsv"
        wildcard_constraints:
            dataset="(?!base/)[^/]+",
        conda:
            "../envs/torch.yaml"
        threads: study.sampler_threads
        resources:
            gpu=study.param("models/{model}/engine_gpus"),
            mem_mb=study.param("models/{model}/mem_mb"),
            runtime=480,
        params:
            seeds=seeds,
            load=study.param("models/{model}/load"),
            serving=study.param("models/{model}/serving"),
            chat=study.param("models/{model}/chat"),
            contexts=study.param("experiments/{experiment}/contexts/free_answers"),
            settings=study.param("experiments/{experiment}/sampling"),
            code=study.code("sample"),
        script:
            "../workflow/scripts/sample.py"
