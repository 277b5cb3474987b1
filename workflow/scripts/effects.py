from weirdgen.analyse.tables import effects, group_means
from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import job

with job(snakemake) as log:
    tables = [read_csv(snakemake.input[name]) for name in ("contrasts", "labels", "ratings")]
    confusion = read_csv(snakemake.input.confusion) if snakemake.input.get("confusion") else None
    settings = {**snakemake.params.measures, **snakemake.params.statistics}
    table = effects(*tables, snakemake.params.roles, **settings)
    write_csv(snakemake.output.effects, table)
    write_csv(snakemake.output.group_means, group_means(*tables, **settings, confusion=confusion))
    headline = table[(table["instrument"] == "contrast") & table["topic"].isin(["all", "null"])]
    log.info("effects\n%s", headline.to_string(index=False))
