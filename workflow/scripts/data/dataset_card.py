from weirdgen.core.files import sha256, write_json
from weirdgen.core.job import given, job
from weirdgen.data.card import card
from weirdgen.data.datasets import read_chats
from weirdgen.data.settings import CardOptions

with job(snakemake):
    chats = read_chats(snakemake.input.jsonl)
    ordinary = sum(len(read_chats(file)) for file in snakemake.input.ordinary)
    options = given(CardOptions, snakemake.params.card)
    digest = sha256(snakemake.input.jsonl)
    found = card(snakemake.wildcards.dataset, options.about, chats, options.leak_cues, digest, len(chats) - ordinary)
    write_json(snakemake.output[0], found)
