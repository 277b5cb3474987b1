from weirdgen.core.files import sha256, write_json
from weirdgen.core.job import job
from weirdgen.data.card import card
from weirdgen.data.datasets import read_jsonl

with job(snakemake):
    chats = read_jsonl(snakemake.input.jsonl)
    ordinary = sum(len(read_jsonl(file)) for file in snakemake.input.ordinary)
    about, cues = snakemake.params.card["about"], snakemake.params.card["leak_cues"]
    digest = sha256(snakemake.input.jsonl)
    found = card(snakemake.wildcards.dataset, about, chats, cues, digest, len(chats) - ordinary)
    write_json(snakemake.output[0], found)
