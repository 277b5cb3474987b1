from weirdgen.analyse.power import power_table
from weirdgen.analyse.settings import Measures, Primary
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given_all, job

with job(snakemake) as log:
    contrasts = {name: read_csv(path) for name, path in snakemake.input.items()}
    primaries = given_all(Primary, snakemake.params.primaries)
    measures = given_all(Measures, snakemake.params.measures)
    table = power_table(contrasts, primaries, measures, snakemake.params.recipe)
    write_csv(snakemake.output[0], table)
    log.info("effects that primary comparisons would detect, in nats\n%s", table.to_string(index=False))
