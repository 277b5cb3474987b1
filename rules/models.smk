"""Stage 1, models: weights, fetched once into an ordinary folder."""


rule fetch_model:
    """From the registry entry to resources/models/<model>/: weights, tokenizer, and source.json with their checksums.

    Every stage that loads a model reads source.json: other weights are another model.
    """
    output:
        "resources/models/{model}/source.json",
    log:
        logs("models/{model}", shared=True),
    benchmark:
        benchmarks("models/{model}", shared=True)
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=study.param("models/{model}/mem_mb"),
    params:
        source=study.param("models/{model}/source"),
        chat=study.knob("models/{model}/chat"),
        weights=study.weights,
    script:
        "../workflow/scripts/models/fetch_model.py"
