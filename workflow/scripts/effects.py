from weirdgen.files import read_csv, write_csv
from weirdgen.job import job
from weirdgen.tables import effects, group_means

with job(snakemake) as log:
    contrasts, labels = read_csv(snakemake.input.contrasts), read_csv(snakemake.input.labels)
    settings = {**snakemake.params.measures, **snakemake.params.statistics}
    table = effects(contrasts, labels, snakemake.params.roles, **settings)
    write_csv(snakemake.output.effects, table)
    write_csv(snakemake.output.group_means, group_means(contrasts, labels, **settings))
    headline = table[(table["instrument"] == "contrast") & table["topic"].isin(["all", "null"])]
    log.info("effects\n%s", headline.to_string(index=False))
