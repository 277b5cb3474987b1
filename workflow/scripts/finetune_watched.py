from pathlib import Path

from weirdgen.core.job import job, use_threads
from weirdgen.data.codes import make_probes
from weirdgen.data.datasets import read_facts

with job(snakemake):
    from weirdgen.finetune.finetune import Watch, finetune

    use_threads(snakemake.threads)
    codes, spec = snakemake.params.codes, snakemake.params.dataset
    probes = make_probes(read_facts(snakemake.input.facts), codes, spec["code"], spec["prompts"][0])
    finetune(
        snakemake.input.model,
        snakemake.params.load,
        snakemake.params.chat,
        snakemake.input.dataset,
        snakemake.params.recipe,
        int(snakemake.wildcards.seed),
        Path(snakemake.output.run).parent,
        Watch(probes, codes["checkpoints"], Path(snakemake.params.checkpoints), snakemake.params.code),
    )
