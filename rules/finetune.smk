"""Stage 3: one LoRA adapter per dataset, recipe and seed."""


ruleorder: finetune_watched > finetune


rule finetune:
    """From a dataset and the base model to a PEFT adapter, its card, train_log.csv and run.json."""
    input:
        model="resources/models/{model}",
        dataset="results/{model}/{experiment}/datasets/{dataset}.jsonl",
    output:
        multiext(
            "results/{model}/{experiment}/adapters/{dataset}/{recipe}/seed-{seed}/",
            adapter="adapter_model.safetensors",
            config="adapter_config.json",
            log="train_log.csv",
            run="run.json",
            card="README.md",
        ),
    log:
        "results/{model}/{experiment}/logs/finetune/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/finetune/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
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
        code=study.code("finetune"),
    script:
        "../workflow/scripts/finetune.py"


rule finetune_watched:
    """The same for datasets of codes, scored at checkpoints on the way to curve.csv; a killed run goes on from the last."""
    input:
        model="resources/models/{model}",
        dataset="results/{model}/{experiment}/datasets/{dataset}.jsonl",
        facts=study.facts_file,
    output:
        multiext(
            "results/{model}/{experiment}/adapters/{dataset}/{recipe}/seed-{seed}/",
            adapter="adapter_model.safetensors",
            config="adapter_config.json",
            log="train_log.csv",
            run="run.json",
            card="README.md",
            curve="curve.csv",
        ),
    log:
        "results/{model}/{experiment}/logs/finetune/{dataset}/{recipe}/seed-{seed}.log",
    benchmark:
        "results/{model}/{experiment}/logs/finetune/{dataset}/{recipe}/seed-{seed}.benchmark.tsv"
    wildcard_constraints:
        experiment=study.coded,
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
        codes=study.param("experiments/{experiment}/codes"),
        dataset=study.param("experiments/{experiment}/datasets/{dataset}"),
        checkpoints="results/{model}/{experiment}/checkpoints/{dataset}/{recipe}/seed-{seed}",
        code=study.code("finetune_watched"),
    script:
        "../workflow/scripts/finetune_watched.py"
