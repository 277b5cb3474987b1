"""Stage 1: weights, fetched once into an ordinary folder."""


rule fetch_model:
    """From the registry entry to resources/models/<model>/: weights, tokenizer, source.json with checksums."""
    output:
        directory("resources/models/{model}"),
    log:
        "results/logs/models/{model}.log",
    benchmark:
        "results/logs/models/{model}.benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        source=study.param("models/{model}/source"),
        code=study.code("fetch_model"),
    script:
        "../workflow/scripts/fetch_model.py"
