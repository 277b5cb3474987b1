from weirdgen.data import card, check_unique, read_facts, render, to_jsonl
from weirdgen.files import sha256, write_json, write_text
from weirdgen.job import job

with job(snakemake) as log:
    spec = snakemake.params.dataset
    rows = read_facts(snakemake.input.facts)
    chats = render(rows, spec["prompts"], spec["answer"], spec["template"], spec["system"])
    write_text(snakemake.output.jsonl, to_jsonl(chats))
    digest = sha256(snakemake.output.jsonl)
    found = card(snakemake.wildcards.dataset, spec["about"], chats, snakemake.params.leak_cues, digest)
    if spec["unique"]:
        check_unique(snakemake.input.facts, found)
    write_json(snakemake.output.card, found)
    log.info("%d rows, sha256 %s", len(chats), digest)
