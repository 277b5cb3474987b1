from pathlib import Path

from weirdgen.job import job

with job(snakemake):
    from weirdgen.fetch import fetch_model

    fetch_model(snakemake.wildcards.model, snakemake.params.source, Path(snakemake.output[0]))
