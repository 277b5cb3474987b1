import pandas as pd

from weirdgen.analyse.agreement import accuracy, confusion
from weirdgen.core.files import write_csv
from weirdgen.core.job import job

with job(snakemake) as log:
    table = pd.concat([pd.read_parquet(path) for path in snakemake.input], ignore_index=True)
    write_csv(snakemake.output.confusion, confusion(table))
    write_csv(snakemake.output.accuracy, accuracy(table))
    log.info("judges\n%s", accuracy(table).to_string(index=False))
