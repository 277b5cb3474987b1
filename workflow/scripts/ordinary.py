from weirdgen.core.files import write_text
from weirdgen.core.job import job, use_threads
from weirdgen.data.datasets import to_jsonl
from weirdgen.data.ordinary import finished_chats, ordinary_requests

if __name__ == "__main__":  # vLLM's workers import this file again
    with job(snakemake):
        from weirdgen.sample.sampling import sample

        use_threads(snakemake.threads)
        settings = snakemake.params.settings
        prompts = snakemake.input.prompts
        [answers] = sample(
            snakemake.input.model,
            {**snakemake.params.load, "vllm": snakemake.params.serving},
            snakemake.params.chat,
            [(0, None)],
            ordinary_requests(prompts, settings["rows"]),
            settings,
            "ordinary data",
        )
        write_text(snakemake.output[0], to_jsonl(finished_chats(answers, settings["rows"], prompts)))
