"""Stage 3, recipes: how hard each dataset is, and which recipe learns rows best that it was not shown."""


rule held_out:
    """From a dataset and the base model to the loss on a fifth of its answers, held out of the training."""
    input:
        model=study.model,
        dataset=results("datasets/{dataset}.jsonl"),
    output:
        results("held_out/{dataset}/{recipe}.csv"),
    log:
        logs("recipes/held_out/{dataset}/{recipe}"),
    benchmark:
        benchmarks("recipes/held_out/{dataset}/{recipe}")
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
        "../workflow/scripts/recipes/held_out.py"


rule recipes:
    """From the held-out losses of every dataset and recipe to the recipe that is best for each model."""
    input:
        study.all_held_out,
    output:
        recipes=study.recipes,
        rows=study.held_out_rows,
    log:
        logs("recipes/recipes", shared=True),
    benchmark:
        benchmarks("recipes/recipes", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        of=study.held_out_of,
    script:
        "../workflow/scripts/recipes/recipes.py"


rule loss_table:
    """From the training logs, and held-out losses where a study measures them, to tables/losses.csv."""
    input:
        training=results("tables/training.csv"),
        held_out=study.held_out,
    output:
        results("tables/losses.csv"),
    log:
        logs("recipes/loss_table"),
    benchmark:
        benchmarks("recipes/loss_table")
    conda:
        "../envs/analysis.yaml"
    params:
        of=study.measured_held_out,
    script:
        "../workflow/scripts/recipes/loss_table.py"
