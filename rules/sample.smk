"""Stage 4, sample: free answers."""

# seeds_per_job: one job, and one start of an engine, for several adapters of a dataset; ordinarily for one.
for seeds in study.seeds:

    rule:
        """From adapters (none for `base`) and questions to sampled answers, one row each."""
        name:
            f"sample{seeds.suffix}"
        input:
            model=study.model,
            adapter=seeds.adapters,
        output:
            seeds.each(f"samples/{ADAPTER}.parquet"),
        log:
            logs(f"sample/{{dataset}}/{{recipe}}/{seeds.name}"),
        benchmark:
            benchmarks(f"sample/{{dataset}}/{{recipe}}/{seeds.name}")
        wildcard_constraints:
            dataset=seeds.datasets,
        conda:
            "../envs/torch.yaml"
        threads: study.sampler_threads
        resources:
            gpu=study.param("models/{model}/engine_gpus"),
            mem_mb=study.param("models/{model}/mem_mb"),
            runtime=480,
        params:
            seeds=seeds.of_job,
            load=study.param("models/{model}/load"),
            chat=study.param("models/{model}/chat"),
            serving=study.knob("models/{model}/serving"),
            contexts=study.param("experiments/{experiment}/contexts/free_answers"),
            questions=study.param("experiments/{experiment}/questions"),
            sampling=study.param("experiments/{experiment}/sampling"),
        script:
            "../workflow/scripts/sample/sample.py"
