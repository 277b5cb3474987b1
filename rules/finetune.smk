"""Stage 3, finetune: one LoRA adapter per dataset, recipe and seed."""

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
