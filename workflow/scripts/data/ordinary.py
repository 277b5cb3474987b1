from weirdgen.core.files import write_json_lines
from weirdgen.core.job import given, job, use_threads
from weirdgen.data.ordinary import SPARE, finished_chats, load_prompts
from weirdgen.models.settings import Serving, model_of
from weirdgen.sample.settings import OrdinaryJob

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.sample.requests import plain_requests
        from weirdgen.sample.sampling import sample

        use_threads(snakemake.threads)
        [file], wanted = snakemake.input.prompts, given(OrdinaryJob, snakemake.params.ordinary)
        [answers] = sample(
            model_of(snakemake),
            given(Serving, snakemake.params.serving),
            [(0, None)],
            plain_requests(load_prompts(file, SPARE * wanted.rows)),
            wanted.sampling,
            desc="ordinary data",
        )
        write_json_lines(snakemake.output[0], finished_chats(answers, wanted.rows, file))
