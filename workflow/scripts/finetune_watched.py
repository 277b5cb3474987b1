from pathlib import Path

from weirdgen.codes import make_probes
from weirdgen.data import read_facts
from weirdgen.job import job, use_threads

with job(snakemake):
    from weirdgen.finetune import Watch, finetune

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
