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
        gpu=study.param("models/{model}/engine_gpus"),
        mem_mb=study.param("models/{model}/mem_mb"),
        runtime=240,
    params:
        load=study.param("models/{model}/load"),
        serving=study.param("models/{model}/serving"),
        chat=study.param("models/{model}/chat"),
        settings=study.param("experiments/{experiment}/ordinary"),
        code=study.code("ordinary"),
    script:
        "../workflow/scripts/ordinary.py"


rule dataset:
    """From a table of facts (or JSONL) to chat JSONL and its card (counts, duplicates, leak cues)."""
    input:
        facts=study.facts_file,
        jsonl=study.jsonl_file,
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
        codes=study.param("experiments/{experiment}/codes"),
        dataset=study.param("experiments/{experiment}/datasets/{dataset}"),
        leak_cues=study.param("experiments/{experiment}/leak_cues"),
        code=study.code("dataset"),
    script:
        "../workflow/scripts/dataset.py"


rule published_comparison:
    """From our tables and a checkout of the authors' repository to what they have in common."""
    output:
        "results/published/comparison.csv",
    log:
        "results/published/logs/comparison.log",
    benchmark:
        "results/published/logs/comparison.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        checkout=lookup("published", within=config, default=None),
        code=study.code("published_comparison"),
    script:
        "../workflow/scripts/published_comparison.py"
