from pathlib import Path

from weirdgen.core.job import given, job, use_threads
from weirdgen.data.codes import make_probes
from weirdgen.data.settings import Probing
from weirdgen.data.tables import read_facts
from weirdgen.finetune.settings import Recipe
from weirdgen.models.settings import model_of

with job(snakemake):
    from weirdgen.finetune.write import Watch, finetune

    use_threads(snakemake.threads)
    probing = given(Probing, snakemake.params.probing)
    probes = make_probes(read_facts(snakemake.input.facts[0]), probing.codes, probing.form, probing.prompt)
    code = "; ".join(entry for entry in snakemake.params if str(entry).startswith("code of "))
    finetune(
        model_of(snakemake),
        snakemake.input.dataset,
        given(Recipe, snakemake.params.recipe),
        int(snakemake.wildcards.seed),
        Path(snakemake.output.run).parent,
        Watch(probes, probing.codes.checkpoints, Path(snakemake.params.checkpoints), code),
    )
