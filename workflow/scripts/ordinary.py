from weirdgen.data import to_jsonl
from weirdgen.files import write_text
from weirdgen.job import job, use_threads
from weirdgen.ordinary import finished_chats, ordinary_requests

with job(snakemake):
    from weirdgen.sampling import sample

    use_threads(snakemake.threads)
    settings = snakemake.params.settings
    prompts = snakemake.input.prompts
    answers = sample(
        snakemake.input.model,
        snakemake.params.load,
        snakemake.params.chat,
        None,
        ordinary_requests(prompts, settings["rows"]),
        settings,
        0,
        "ordinary data",
    )
    write_text(snakemake.output[0], to_jsonl(finished_chats(answers, settings["rows"], prompts)))
