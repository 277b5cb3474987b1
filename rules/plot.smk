"""Stage 8, plot: one rule per figure, named as the figure; beside every figure the tidy CSV it shows."""

for figure, about in study.catalogue.items():

    rule:
        """weirdgen/plot/<figure>.py draws it; weirdgen/plot/catalogue.py has its title, caption and tables."""
        name:
            figure
        input:
            **study.figure_tables(figure),
        output:
            csv=results(f"figures/{figure}.csv"),
            png=report(
                results(f"figures/{figure}.png"),
                caption="../workflow/report/figure.rst",
                category="{experiment}",
                subcategory="figures",
                labels={"model": "{model}", "figure": about.title},
            ),
            svg=results(f"figures/{figure}.svg"),
            pdf=results(f"figures/{figure}.pdf"),
        log:
            logs(f"plot/{figure}"),
        benchmark:
            benchmarks(f"plot/{figure}")
        conda:
            "../envs/analysis.yaml"
        params:
            told=study.told,
            caption=study.knob(f"captions/{figure}"),
        script:
            "../workflow/scripts/plot/plot.py"


rule atlas:
    """From the effects of every model and experiment to the atlas: the study at a glance."""
    input:
        **study.all_effects,
    output:
        csv=f"{study.atlas}.csv",
        png=report(
            f"{study.atlas}.png",
            caption="../workflow/report/figure.rst",
            category="study",
            labels={"figure": "atlas"},
        ),
        svg=f"{study.atlas}.svg",
        pdf=f"{study.atlas}.pdf",
    log:
        logs("plot/atlas", shared=True),
    benchmark:
        benchmarks("plot/atlas", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        told=study.told_to_atlas,
        caption="Every experiment's effect against its control: contrasts in nats, free answers in percentage points.",
    script:
        "../workflow/scripts/plot/plot.py"


rule model_sizes:
    """From the fetched models of the study to their numbers of weights."""
    input:
        study.weights_of_models,
    output:
        f"{study.scale}.sizes.csv",
    log:
        logs("plot/model_sizes", shared=True),
    benchmark:
        benchmarks("plot/model_sizes", shared=True)
    conda:
        "../envs/torch.yaml"
    params:
        models=study.study.config.run_models,
    script:
        "../workflow/scripts/plot/model_sizes.py"


rule scale:
    """From the atlas to every experiment's effect against the size of the model, where a study has several models."""
    input:
        atlas=f"{study.atlas}.csv",
        sizes=f"{study.scale}.sizes.csv",
    output:
        csv=f"{study.scale}.csv",
        png=report(
            f"{study.scale}.png",
            caption="../workflow/report/figure.rst",
            category="study",
            labels={"figure": "scale"},
        ),
        svg=f"{study.scale}.svg",
        pdf=f"{study.scale}.pdf",
    log:
        logs("plot/scale", shared=True),
    benchmark:
        benchmarks("plot/scale", shared=True)
    conda:
        "../envs/analysis.yaml"
    params:
        told=study.told_to_atlas,
        caption="Every experiment's effect against its controls, by the size of the model.",
    script:
        "../workflow/scripts/plot/plot.py"
