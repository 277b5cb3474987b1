from weirdgen.core.files import write_json_lines
from weirdgen.core.job import given, job
from weirdgen.data.card import check_unique
from weirdgen.data.datasets import from_facts, read_chats
from weirdgen.data.settings import Codes, Rendering
from weirdgen.data.sources import load_chats

with job(snakemake) as log:
    spec = given(Rendering, snakemake.params.dataset)
    codes = given(Codes, snakemake.params.codes) if snakemake.params.codes else None
    chats = []
    for file in snakemake.input.facts:
        chats = from_facts(file, spec, codes)
    for source in [*snakemake.input.chats, *([spec.hub] if spec.hub else [])]:
        chats = load_chats(source, spec.columns, str(source))
    if spec.unique:
        where = ", ".join([*snakemake.input.facts, *snakemake.input.chats]) or str(spec.hub)
        check_unique(where, [chat["messages"][-1]["content"] for chat in chats])
    for file in snakemake.input.ordinary:
        chats += read_chats(file)
    write_json_lines(snakemake.output[0], chats)
    log.info("%d rows", len(chats))
