from weirdgen.core.columns import Score
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapter_folders, job, use_threads
from weirdgen.data.questions import load_contrasts

with job(snakemake):
    from weirdgen.contrast.score import score

    use_threads(snakemake.threads)
    contrasts = load_contrasts(snakemake.input.contrasts)
    for seed, folder, path in zip(snakemake.params.seeds, adapter_folders(snakemake), snakemake.output, strict=True):
        scores = score(
            snakemake.input.model,
            snakemake.params.load,
            snakemake.params.chat,
            folder,
            contrasts,
            snakemake.params.contexts,
            f"contrast {snakemake.wildcards.dataset} seed {seed}",
        )
        write_parquet(path, scores, Score)
