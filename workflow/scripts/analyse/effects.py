from weirdgen.analyse.effects import effects, group_means, headline, with_forms
from weirdgen.analyse.settings import Measures, Statistics
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given, job

with job(snakemake) as log:
    contrasts, labels, form, others, ratings = map(read_csv, snakemake.input[:5])
    tables = contrasts, with_forms(labels, form, others), ratings
    confusion = next(map(read_csv, snakemake.input.confusion), None)
    measures = given(Measures, snakemake.params.measures)
    statistics = given(Statistics, snakemake.params.statistics)
    table = effects(*tables, snakemake.params.roles, measures)
    write_csv(snakemake.output.effects, table)
    write_csv(snakemake.output.group_means, group_means(*tables, measures, statistics, confusion))
    log.info("effects\n%s", headline(table).to_string(index=False))
