"""Stage 6, contrast: the exact instrument."""

# seeds_per_job: one job, and one start of Python and torch, for several adapters of a dataset; ordinarily for one.
for seeds in study.seeds:

    rule:
        """From adapters (none for `base`) and contrasts.yaml to the log-probability of every answer."""
        name:
            f"contrast{seeds.suffix}"
        input:
            model=study.model,
            adapter=seeds.adapters,
            contrasts=study.contrasts,
        output:
            seeds.each(f"contrasts/{ADAPTER}.parquet"),
        log:
            logs(f"contrast/{{dataset}}/{{recipe}}/{seeds.name}"),
        benchmark:
            benchmarks(f"contrast/{{dataset}}/{{recipe}}/{seeds.name}")
        wildcard_constraints:
            dataset=seeds.datasets,
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            gpu=study.param("models/{model}/gpus"),
            mem_mb=study.param("models/{model}/mem_mb"),
            runtime=60,
        params:
            seeds=seeds.of_job,
            load=study.param("models/{model}/load"),
            chat=study.param("models/{model}/chat"),
            contexts=study.param("experiments/{experiment}/contexts/contrasts"),
        script:
            "../workflow/scripts/contrast/contrast.py"
