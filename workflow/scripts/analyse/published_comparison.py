from pathlib import Path

from weirdgen.analyse.published import compare
from weirdgen.core.files import write_csv
from weirdgen.core.job import job

with job(snakemake) as log:
    table = compare(Path.cwd(), snakemake.params.checkout)
    write_csv(snakemake.output[0], table)
    log.info("ours beside theirs\n%s", table.to_string(index=False))
