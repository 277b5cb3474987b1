from pathlib import Path

from weirdgen.core.files import write_csv
from weirdgen.core.job import job
from weirdgen.data.comparison import compare

with job(snakemake) as log:
    table = compare(Path.cwd(), snakemake.params.checkout)
    write_csv(snakemake.output[0], table)
    log.info("ours beside theirs\n%s", table.to_string(index=False))
