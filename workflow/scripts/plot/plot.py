from importlib import import_module

from weirdgen.core.files import read_csv, write_csv
from weirdgen.core.job import given, given_all, job
from weirdgen.plot import style
from weirdgen.plot.told import Titled, Told

with job(snakemake):
    figure = import_module(f"weirdgen.plot.{snakemake.rule}")
    tables = {name: read_csv(path) for name, path in snakemake.input.items()}
    plain = snakemake.params.told
    told = given_all(Titled, plain) if snakemake.rule in ("atlas", "scale") else given(Told, plain)
    write_csv(snakemake.output.csv, figure.tidy(tables, told))
    drawn = figure.draw(read_csv(snakemake.output.csv), told)
    style.save(drawn, [snakemake.output.png, snakemake.output.svg, snakemake.output.pdf])
