from weirdgen.core.job import given, job, use_threads
from weirdgen.judge.settings import LocalModel

with job(snakemake) as log:
    from weirdgen.judge.probe import train_probe, write_probe
    from weirdgen.judge.prompts import load_prompt_judge
    from weirdgen.judge.training import load_training

    use_threads(snakemake.threads)
    examples = load_training(snakemake.input.training, load_prompt_judge(snakemake.input.judge).file)
    probe = train_probe(given(LocalModel, snakemake.params.model), examples, snakemake.input.training)
    write_probe(snakemake.output[0], probe)
    log.info(
        "layer %d, C = %g; questions held out: kappa %.2f, log loss %.2f, of %d answers",
        *(probe.layer, probe.penalty, probe.kappa, probe.log_loss, len(examples)),
    )
