"""Stage 8: one rule per figure, named as the figure; beside every figure the tidy CSV it shows."""

for figure, about in study.catalogue.items():

    # weirdgen/plot/<figure>.py draws it; weirdgen/plot/catalogue.py has its title, caption and tables.
    rule:
        name:
            figure
        input:
            **study.figure_tables(figure),
        output:
            csv=f"results/{{model}}/{{experiment}}/figures/{figure}.csv",
            png=report(
                f"results/{{model}}/{{experiment}}/figures/{figure}.png",
                caption="../workflow/report/figure.rst",
                category="{experiment}",
                subcategory="figures",
                labels={"model": "{model}", "figure": about.title},
            ),
            svg=f"results/{{model}}/{{experiment}}/figures/{figure}.svg",
            pdf=f"results/{{model}}/{{experiment}}/figures/{figure}.pdf",
        log:
            f"results/{{model}}/{{experiment}}/logs/{figure}.log",
        benchmark:
            f"results/{{model}}/{{experiment}}/logs/{figure}.benchmark.tsv"
        conda:
            "../envs/analysis.yaml"
        params:
            info=study.info,
            caption=about.caption,
            code=study.code(f"plot:weirdgen.plot.{figure}"),
        script:
            "../workflow/scripts/plot.py"


rule atlas:
    """From the effects of every model and experiment to results/figures/atlas: the study at a glance."""
    input:
        **study.atlas_tables(),
    output:
        csv="results/figures/atlas.csv",
        png=report(
            "results/figures/atlas.png",
            caption="../workflow/report/figure.rst",
            category="study",
            labels={"figure": "atlas"},
        ),
        svg="results/figures/atlas.svg",
        pdf="results/figures/atlas.pdf",
    log:
        "results/logs/atlas.log",
    benchmark:
        "results/logs/atlas.benchmark.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        info=study.atlas_info(),
        caption="Every experiment's effect against its control: contrasts in nats, free answers in percentage points.",
        code=study.code("plot:weirdgen.plot.atlas"),
    script:
        "../workflow/scripts/plot.py"
