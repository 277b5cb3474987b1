from weirdgen.files import write_csv
from weirdgen.job import job
from weirdgen.tables import label_table, rating_table, read_judgments
from weirdgen.validation import agreement

with job(snakemake):
    judgments = read_judgments(snakemake.input, snakemake.params.adapters)
    write_csv(snakemake.output.agreement, agreement(judgments))
    write_csv(snakemake.output.ratings, rating_table(judgments))
    write_csv(snakemake.output.labels, label_table(judgments))
