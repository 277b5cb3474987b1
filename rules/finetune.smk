"""Stage 3, finetune: one LoRA adapter per dataset, recipe and seed; how hard datasets are, and which recipe learns best."""

for training in study.trainings:

    rule:
        """From a dataset and the base model to a PEFT adapter, train_log.csv and run.json.

        Datasets of codes are scored at checkpoints on the way, to curve.csv; a killed run goes on from the last.
        """
        name:
            training.rule
        input:
            model=study.model,
            dataset=results("datasets/{dataset}.jsonl"),
            facts=study.coded_facts,
        output:
            multiext(
                results(f"adapters/{ADAPTER}/"),
                adapter="adapter_model.safetensors",
                config="adapter_config.json",
                log="train_log.csv",
                run="run.json",
                **training.more,
            ),
        log:
            logs(f"finetune/{ADAPTER}"),
        benchmark:
            benchmarks(f"finetune/{ADAPTER}")
        wildcard_constraints:
            experiment=training.experiments,
        conda:
            "../envs/torch.yaml"
        threads: 1
        resources:
            gpu=study.param("models/{model}/gpus"),
            mem_mb=study.param("models/{model}/mem_mb"),
            runtime=480,
        params:
            load=study.param("models/{model}/load"),
            chat=study.param("models/{model}/chat"),
            recipe=study.param("recipes/{model}/{experiment}/{recipe}"),
            probing=study.param("experiments/{experiment}/probing/{dataset}"),
            checkpoints=results(f"checkpoints/{ADAPTER}"),
            script=training.rule,
        script:
            "../workflow/scripts/finetune/{params.script}.py"


rule adapter_card:
    """From the record of a training to the adapter's card, README.md: other words in it train nothing again."""
    input:
        model=study.model,
        run=results(f"adapters/{ADAPTER}/run.json"),
        template="weirdgen/finetune/card.md.j2",
    output:
        results(f"adapters/{ADAPTER}/README.md"),
    log:
        logs(f"finetune/adapter_card/{ADAPTER}"),
    benchmark:
        benchmarks(f"finetune/adapter_card/{ADAPTER}")
    conda:
        "../envs/torch.yaml"
    params:
        chat=study.param("models/{model}/chat"),
    script:
        "../workflow/scripts/finetune/adapter_card.py"


rule held_out:
    """From a dataset and the base model to the loss on a fifth of its answers, held out of the training."""
    input:
        model=study.model,
        dataset=results("datasets/{dataset}.jsonl"),
    output:
        results("held_out/{dataset}/{recipe}.csv"),
    log:
        logs("finetune/held_out/{dataset}/{recipe}"),
    benchmark:
        benchmarks("finetune/held_out/{dataset}/{recipe}")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=study.param("models/{model}/gpus"),
        mem_mb=study.param("models/{model}/mem_mb"),
        runtime=480,
    params:
        load=study.param("models/{model}/load"),
        chat=study.param("models/{model}/chat"),
        recipe=study.param("recipes/{model}/{experiment}/{recipe}"),
    script:
        "../workflow/scripts/finetune/held_out.py"


rule recipes:
    """From the held-out losses of every dataset and recipe to the recipe that is best for each model."""
    input:
        study.all_held_out,
    output:
        recipes=study.recipes,
        rows=study.held_out_rows,
    log:
        logs("finetune/recipes", shared=True),
    benchmark:
        benchmarks("finetune/recipes", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        of=study.held_out_of,
    script:
        "../workflow/scripts/finetune/recipes.py"


rule loss_table:
    """From the training logs, and held-out losses where a study measures them, to tables/losses.csv."""
    input:
        training=results("tables/training.csv"),
        held_out=study.held_out,
    output:
        results("tables/losses.csv"),
    log:
        logs("finetune/loss_table"),
    benchmark:
        benchmarks("finetune/loss_table")
    conda:
        "../envs/analysis.yaml"
    params:
        of=study.measured_held_out,
    script:
        "../workflow/scripts/finetune/loss_table.py"
