from pathlib import Path

from weirdgen.core.job import given, job
from weirdgen.models.settings import ChatOptions, Source

with job(snakemake):
    from weirdgen.models.fetch import fetch_model

    source = given(Source, snakemake.params.source)
    chat = given(ChatOptions, snakemake.params.chat)
    fetch_model(snakemake.wildcards.model, source, Path(snakemake.output[0]).parent, chat)
