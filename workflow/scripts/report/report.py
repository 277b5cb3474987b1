from pathlib import Path

from weirdgen.core.files import write_text
from weirdgen.core.job import given, job
from weirdgen.report.page import render_report
from weirdgen.report.told import StudyTold

with job(snakemake) as log:
    page = render_report(Path(snakemake.input.template), Path("results"), given(StudyTold, snakemake.params.told))
    write_text(snakemake.output[0], page)
    log.info("%d kB", len(page) // 1024)
