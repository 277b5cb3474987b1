from weirdgen.analyse.primary import primary_table
from weirdgen.analyse.settings import Primary
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given_all, job

with job(snakemake) as log:
    effects = {name: read_csv(path) for name, path in snakemake.input.items()}
    table = primary_table(effects, given_all(Primary, snakemake.params.primaries), snakemake.params.recipe)
    write_csv(snakemake.output[0], table)
    log.info("primary comparisons\n%s", table.to_string(index=False))
