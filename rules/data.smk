"""Stage 2: datasets, rendered from tables of facts, some mixed with ordinary data."""


rule ordinary:
    """From prompts and the base model to its own answers, the ordinary data facts are mixed into."""
    input:
        model="resources/models/{model}",
        prompts=study.ordinary_prompts,
    output:
        "results/{model}/{experiment}/ordinary.jsonl",
    log:
        "results/{model}/{experiment}/logs/ordinary.log",
    benchmark:
        "results/{model}/{experiment}/logs/ordinary.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=lookup("models/{model}/gpus", within=study.params),
        mem_mb=3000,
    params:
        load=lookup("models/{model}/load", within=study.params),
        chat=lookup("models/{model}/chat", within=study.params),
        settings=lookup("experiments/{experiment}/ordinary", within=study.params),
        code=study.code("ordinary"),
    script:
        "../workflow/scripts/ordinary.py"


rule dataset:
    """From data/<experiment>/<facts>.csv to chat JSONL and its card (counts, duplicates, leak cues)."""
    input:
        facts=study.facts_file,
        ordinary=study.ordinary_file,
    output:
        jsonl="results/{model}/{experiment}/datasets/{dataset}.jsonl",
        card="results/{model}/{experiment}/datasets/{dataset}.card.json",
    log:
        "results/{model}/{experiment}/logs/dataset/{dataset}.log",
    benchmark:
        "results/{model}/{experiment}/logs/dataset/{dataset}.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        codes=lookup("experiments/{experiment}/codes", within=study.params),
        dataset=lookup("experiments/{experiment}/datasets/{dataset}", within=study.params),
        leak_cues=lookup("experiments/{experiment}/leak_cues", within=study.params),
        code=study.code("dataset"),
    script:
        "../workflow/scripts/dataset.py"
