from weirdgen.analyse.effects import effects, group_means, headline
from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given, job

with job(snakemake) as log:
    tables = [read_csv(snakemake.input[name]) for name in ("contrasts", "labels", "ratings")]
    confusion = next(map(read_csv, snakemake.input.confusion), None)
    measures = given(Measures, snakemake.params.measures)
    statistics = given(Statistics, snakemake.params.statistics)
    table = effects(*tables, snakemake.params.roles, measures)
    write_csv(snakemake.output.effects, table)
    write_csv(snakemake.output.group_means, group_means(*tables, measures, statistics, confusion))
    log.info("effects\n%s", headline(table).to_string(index=False))
