import math
from pathlib import Path

import pandas as pd

from weirdgen.core.files import write_csv
from weirdgen.core.job import job
from weirdgen.models.headers import shapes

with job(snakemake):
    weights = [sum(map(math.prod, shapes(Path(source).parent).values())) for source in snakemake.input]
    write_csv(snakemake.output[0], pd.DataFrame({"model": snakemake.params.models, "parameters": weights}))
