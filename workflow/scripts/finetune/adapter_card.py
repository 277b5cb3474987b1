from weirdgen.core.files import write_text
from weirdgen.core.job import given, job
from weirdgen.finetune.run import read_run
from weirdgen.models.settings import ChatOptions

with job(snakemake):
    from weirdgen.finetune.card import adapter_card

    write_text(
        snakemake.output[0], adapter_card(read_run(snakemake.input.run), given(ChatOptions, snakemake.params.chat))
    )
