from weirdgen.core.files import sha256, write_json, write_text
from weirdgen.core.job import job
from weirdgen.data.codes import coded_rows
from weirdgen.data.datasets import card, check_unique, read_facts, read_jsonl, render, to_jsonl

with job(snakemake) as log:
    spec = snakemake.params.dataset
    chats = read_jsonl(snakemake.input.jsonl) if snakemake.input.jsonl else []
    if snakemake.input.facts:
        rows = read_facts(snakemake.input.facts, spec["at_most"])
        if spec["code"]:
            rows = coded_rows(rows, snakemake.params.codes, spec["code"])
        chats = render(rows, spec["prompts"], spec["answer"], spec["template"], spec["system"])
    facts = len(chats)
    if snakemake.input.ordinary:
        chats += read_jsonl(snakemake.input.ordinary)
    write_text(snakemake.output.jsonl, to_jsonl(chats))
    digest = sha256(snakemake.output.jsonl)
    found = card(snakemake.wildcards.dataset, spec["about"], chats, snakemake.params.leak_cues, digest, facts)
    if spec["unique"] and facts:
        check_unique(snakemake.input.facts, found)
    write_json(snakemake.output.card, found)
    log.info("%d rows, sha256 %s", len(chats), digest)
