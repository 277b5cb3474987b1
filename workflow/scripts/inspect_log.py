import pandas as pd

from weirdgen.core.job import job

with job(snakemake):
    from weirdgen.report.inspect_logs import eval_log, write_log

    wildcards = snakemake.wildcards
    log = eval_log(
        pd.read_parquet(snakemake.input.samples),
        [pd.read_parquet(path) for path in snakemake.input.judgments],
        wildcards.model,
        wildcards.experiment,
        {"dataset": wildcards.dataset, "recipe": wildcards.recipe, "seed": int(wildcards.seed)},
        {key: snakemake.params[key] for key in ("contexts", "chat", "settings")},
        snakemake.params.judges,
        snakemake.params.headline,
    )
    write_log(snakemake.output[0], log)
