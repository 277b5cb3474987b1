from weirdgen.files import read_csv, write_csv
from weirdgen.job import job
from weirdgen.tables import effects, group_rates

with job(snakemake) as log:
    contrasts, labels = read_csv(snakemake.input.contrasts), read_csv(snakemake.input.labels)
    settings = snakemake.params.statistics
    table = effects(contrasts, labels, snakemake.params.roles, **settings)
    write_csv(snakemake.output.effects, table)
    rates = group_rates(labels, ["judge", "label", "context"], **settings)
    write_csv(snakemake.output.label_rates, rates)
    headline = table[(table["instrument"] == "contrast") & table["topic"].isin(["all", "null"])]
    log.info("effects\n%s", headline.to_string(index=False))
