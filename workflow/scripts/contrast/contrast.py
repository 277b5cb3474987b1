from weirdgen.core.columns import Score
from weirdgen.core.files import write_parquet
from weirdgen.core.job import adapter_folders, given_all, job, use_threads
from weirdgen.data.questions import Context, load_contrasts
from weirdgen.models.settings import model_of

with job(snakemake):
    from weirdgen.contrast.score import score

    use_threads(snakemake.threads)
    contrasts = load_contrasts(snakemake.input.contrasts)
    contexts = given_all(Context, snakemake.params.contexts)
    for seed, folder, path in zip(snakemake.params.seeds, adapter_folders(snakemake), snakemake.output, strict=True):
        scores = score(
            *(model_of(snakemake), folder, contrasts, contexts),
            desc=f"contrast {snakemake.wildcards.dataset} seed {seed}",
        )
        write_parquet(path, scores, Score)
