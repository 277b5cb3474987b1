"""Stage 2: datasets, rendered from tables of facts."""


rule dataset:
    """From data/<experiment>/<facts>.csv to chat JSONL and its card (counts, duplicates, leak cues)."""
    input:
        facts=study.facts_file,
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
        dataset=lookup("experiments/{experiment}/datasets/{dataset}", within=study.params),
        leak_cues=lookup("experiments/{experiment}/leak_cues", within=study.params),
        code=study.code("dataset"),
    script:
        "../workflow/scripts/dataset.py"
