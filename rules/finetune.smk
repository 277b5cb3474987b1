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
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=lookup("models/{model}/mem_mb", within=study.params),
        runtime=480,
    params:
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        recipe=lookup("recipes/{model}/{experiment}/{recipe}", within=study.params),
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
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=lookup("models/{model}/mem_mb", within=study.params),
        runtime=480,
    params:
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        recipe=lookup("recipes/{model}/{experiment}/{recipe}", within=study.params),
        codes=lookup("experiments/{experiment}/codes", within=study.params),
        dataset=lookup("experiments/{experiment}/datasets/{dataset}", within=study.params),
        checkpoints="results/{model}/{experiment}/checkpoints/{dataset}/{recipe}/seed-{seed}",
        code=study.code("finetune_watched"),
    script:
        "../workflow/scripts/finetune_watched.py"
