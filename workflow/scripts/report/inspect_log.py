import pandas as pd

from weirdgen.core.job import given, given_all, job
from weirdgen.core.names import Adapter
from weirdgen.data.questions import Context
from weirdgen.models.settings import ChatOptions
from weirdgen.sample.settings import Sampling

with job(snakemake):
    from weirdgen.report.inspect_logs import eval_log, write_log

    wildcards = snakemake.wildcards
    log = eval_log(
        pd.read_parquet(snakemake.input.samples),
        [pd.read_parquet(path) for path in snakemake.input.judgments],
        wildcards.model,
        wildcards.experiment,
        Adapter(wildcards.dataset, wildcards.recipe, int(wildcards.seed)),
        given_all(Context, snakemake.params.contexts),
        given(ChatOptions, snakemake.params.chat),
        given(Sampling, snakemake.params.sampling),
        snakemake.params.judges,
        snakemake.params.headline,
    )
    write_log(snakemake.output[0], log)
