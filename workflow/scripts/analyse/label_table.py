from weirdgen.analyse.agreement import agreement
from weirdgen.analyse.tables import label_table, rating_table, read_judgments
from weirdgen.core.files import write_csv
from weirdgen.core.job import adapters_of, job

with job(snakemake):
    judgments = read_judgments(snakemake.input, adapters_of(snakemake))
    write_csv(snakemake.output.agreement, agreement(judgments))
    write_csv(snakemake.output.ratings, rating_table(judgments))
    write_csv(snakemake.output.labels, label_table(judgments))
