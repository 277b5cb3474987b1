from importlib import import_module

from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import job
from weirdgen.plot import style

with job(snakemake):
    figure = import_module(f"weirdgen.plot.{snakemake.rule}")
    tables = {name: read_csv(path) for name, path in snakemake.input.items()}
    shown = figure.tidy(tables, snakemake.params.info)
    write_csv(snakemake.output.csv, shown)
    drawn = figure.draw(read_csv(snakemake.output.csv), snakemake.params.info)
    style.save(drawn, [snakemake.output.png, snakemake.output.svg, snakemake.output.pdf])
