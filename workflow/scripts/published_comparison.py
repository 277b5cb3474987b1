from pathlib import Path

from weirdgen.files import write_csv
from weirdgen.job import job
from weirdgen.published import compare

with job(snakemake) as log:
    table = compare(Path.cwd(), snakemake.params.checkout)
    write_csv(snakemake.output[0], table)
    log.info("ours beside theirs\n%s", table.to_string(index=False))
