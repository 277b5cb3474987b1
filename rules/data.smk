"""Stage 2, data: datasets, rendered from tables of facts or read as they are, some mixed with ordinary data."""


rule ordinary:
    """From prompts and the base model to its own answers, the ordinary data facts are mixed into."""
    input:
        model=study.model,
        prompts=study.ordinary_prompts,
    output:
        results("ordinary.jsonl"),
    log:
        logs("data/ordinary"),
    benchmark:
        benchmarks("data/ordinary")
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        gpu=study.param("models/{model}/engine_gpus"),
        mem_mb=study.param("models/{model}/mem_mb"),
        runtime=240,
    params:
        load=study.param("models/{model}/load"),
        chat=study.param("models/{model}/chat"),
        serving=study.knob("models/{model}/serving"),
        ordinary=study.param("experiments/{experiment}/ordinary"),
    script:
        "../workflow/scripts/data/ordinary.py"


rule dataset:
    """From a table of facts, or chats as they are, to chat JSONL, mixed with ordinary data where the dataset says so."""
    input:
        facts=study.facts,
        chats=study.chats,
        ordinary=study.ordinary,
    output:
        results("datasets/{dataset}.jsonl"),
    log:
        logs("data/dataset/{dataset}"),
    benchmark:
        benchmarks("data/dataset/{dataset}")
    conda:
        "../envs/analysis.yaml"
    params:
        codes=study.param("experiments/{experiment}/codes"),
        dataset=study.param("experiments/{experiment}/datasets/{dataset}"),
    script:
        "../workflow/scripts/data/dataset.py"


rule dataset_card:
    """From chat JSONL to the card that shows what is in it (counts, duplicates, leak cues); its words train nothing."""
    input:
        jsonl=results("datasets/{dataset}.jsonl"),
        ordinary=study.ordinary,
    output:
        results("datasets/{dataset}.card.json"),
    log:
        logs("data/dataset_card/{dataset}"),
    benchmark:
        benchmarks("data/dataset_card/{dataset}")
    conda:
        "../envs/analysis.yaml"
    params:
        card=study.param("experiments/{experiment}/cards/{dataset}"),
    script:
        "../workflow/scripts/data/dataset_card.py"


rule published_comparison:
    """From our tables and a checkout of the authors' repository to what they have in common."""
    input:
        study.tables_of_facts,
    output:
        "results/published/comparison.csv",
    log:
        logs("data/published_comparison", shared=True),
    benchmark:
        benchmarks("data/published_comparison", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        checkout=study.published,
    script:
        "../workflow/scripts/data/published_comparison.py"
