from pathlib import Path

from weirdgen.core.job import job

with job(snakemake):
    from weirdgen.models.fetch import fetch_model

    fetch_model(snakemake.wildcards.model, snakemake.params.source, Path(snakemake.output[0]))
