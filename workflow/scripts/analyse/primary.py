from weirdgen.analyse.power import power_table
from weirdgen.analyse.primary import primary_table
from weirdgen.analyse.settings import Measures, Primary
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given_all, job

with job(snakemake) as log:
    effects, contrasts = (
        dict(zip(snakemake.params.runs, map(read_csv, paths), strict=True))
        for paths in (snakemake.input.effects, snakemake.input.contrasts)
    )
    primaries = given_all(Primary, snakemake.params.primaries)
    measures, recipe = given_all(Measures, snakemake.params.measures), snakemake.params.recipe
    table = primary_table(effects, primaries, recipe)
    write_csv(snakemake.output.primary, table)
    write_csv(snakemake.output.power, power_table(contrasts, primaries, measures, recipe))
    log.info("primary comparisons\n%s", table.to_string(index=False))
