from weirdgen.analyse.agreement import agreement
from weirdgen.analyse.form import form_of, form_table, forms, others_table
from weirdgen.analyse.tables import label_table, rating_table, read_judgments
from weirdgen.core.files import write_csv
from weirdgen.core.job import adapters_of, job

with job(snakemake):
    judgments = read_judgments(snakemake.input.judgments, adapters_of(snakemake))
    names = snakemake.params.datasets
    datasets = {
        name: form_of(file, snakemake.input.ordinary)
        for name, file in zip(names, snakemake.input.datasets, strict=True)
    }
    found = forms(judgments, datasets, snakemake.params.first)
    write_csv(snakemake.output.form, form_table(judgments, found))
    write_csv(snakemake.output.others, others_table(judgments, found))
    write_csv(snakemake.output.agreement, agreement(judgments))
    write_csv(snakemake.output.ratings, rating_table(judgments))
    write_csv(snakemake.output.labels, label_table(judgments))
