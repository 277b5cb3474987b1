from pathlib import Path

from weirdgen.core.files import write_text
from weirdgen.core.job import job
from weirdgen.report.page import render_report

with job(snakemake) as log:
    page = render_report(Path(snakemake.input.template), Path("results"), snakemake.params.study)
    write_text(snakemake.output[0], page)
    log.info("%d kB", len(page) // 1024)
