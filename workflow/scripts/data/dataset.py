from weirdgen.core.files import write_text
from weirdgen.core.job import given, job
from weirdgen.data.card import check_unique
from weirdgen.data.codes import coded_rows
from weirdgen.data.datasets import read_facts, read_jsonl, render, to_jsonl
from weirdgen.data.settings import Codes, Rendering
from weirdgen.data.sources import load_chats

with job(snakemake) as log:
    spec = given(Rendering, snakemake.params.dataset)
    chats = []
    for file in snakemake.input.facts:
        rows = read_facts(file, spec.at_most)
        if spec.code:
            rows = coded_rows(rows, given(Codes, snakemake.params.codes), spec.code)
        chats = render(rows, spec.prompts, spec.answer, spec.template, spec.system)
    for source in [*snakemake.input.chats, *([spec.hub] if spec.hub else [])]:
        chats = load_chats(source, spec.columns, str(source))
    if spec.unique:
        where = ", ".join([*snakemake.input.facts, *snakemake.input.chats]) or str(spec.hub)
        check_unique(where, [chat["messages"][-1]["content"] for chat in chats])
    for file in snakemake.input.ordinary:
        chats += read_jsonl(file)
    write_text(snakemake.output[0], to_jsonl(chats))
    log.info("%d rows", len(chats))
