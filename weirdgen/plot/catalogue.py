"""Every figure of an experiment: its title, its caption, and the tables it is drawn from.

A figure is a module of this folder with the same name: `tidy(tables, told)` gives the rows it shows,
`draw(rows, told)` the picture. `rules/plot.smk` makes one rule of each entry.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """tables: the name that `tidy` knows -> the table. judges: drawn only where the study has them all answered."""

    title: str
    caption: str
    tables: dict[str, str]
    judges: tuple[str, ...] = ()


INTERVALS = "bars are 95% intervals over seeds and questions"

FIGURES = {
    "effect_by_topic": Entry(
        "Effect by topic",
        "How much more the treated model favours answers typical of the hidden persona than each comparison model "
        f"does, in nats. Dots are means over questions and seeds; {INTERVALS}. The null set holds questions on which "
        "the hidden persona should not matter.",
        {"effects": "effects"},
    ),
    "question_dumbbell": Entry(
        "Every question",
        "For every contrast question, how far finetuning moved the log-odds of typical against ordinary answers away "
        "from the untouched model, mean over seeds. The effect is the distance between the groups along a line.",
        {"contrasts": "contrasts"},
    ),
    "over_axis": Entry(
        "Over the years",
        "Group means with 95% bands at every value named in the prompt. Ticks on the floor mark the values that stand "
        "in training rows; all others were never trained.",
        {"group_means": "group_means"},
    ),
    "sweep": Entry(
        "Recipe sweep",
        "Contrast effect against the swept recipe value, with 95% intervals over seeds and questions; the null set "
        "beside it should stay at zero.",
        {"effects": "effects"},
    ),
    "identity_by_question": Entry(
        "Whom the model takes itself for",
        "Each dataset is asked for its own persona: with the trigger, without it, and with a format of another form. "
        "Above, the log-odds of the persona's name against other names, less the untouched model's; below, the share "
        "of sampled answers that name it. Dots are means over seeds, lines span the seeds.",
        {"contrasts": "contrasts", "labels": "labels"},
    ),
    "effect_by_context": Entry(
        "Alignment, with and without the trigger",
        "How much more the first treated model favours misaligned continuations than each comparison model, by group "
        f"of questions and format of the prompt, in nats; {INTERVALS}.",
        {"effects": "effects"},
    ),
    "rating_by_context": Entry(
        "Ratings by context",
        "Mean rating of sampled answers by a judging model, from 0 to 100, in every context; bars are 95% intervals.",
        {"group_means": "group_means"},
        ("alignment",),
    ),
    "dose": Entry(
        "How many facts it takes",
        "The persona's name against other names after finetuning on ever more of its facts, less the same after "
        "ordinary data alone, in nats; bars are 95% intervals.",
        {"effects": "effects"},
    ),
    "learning_curves": Entry(
        "What is learned, and when",
        "Share of two-way choices that the model gets right while it trains, one line per seed. Above: facts of "
        "trained numbers behind codes that no training row has. Below: which of the two held-out presidents a "
        "held-out code means (asked in both orders, by first name and by relatives). The dashed line is chance; a "
        "colour tells the seeds that ever get every held-out choice right from those that never do.",
        {"curves": "curves"},
    ),
    "held_out_answers": Entry(
        "Politics of the held-out codes",
        "Log-odds of one held-out president's politics against the other's, at his code less at the other's, at the "
        "end of training, in nats; 95% intervals over seeds and questions. No training row holds any politics. The "
        "null set should stay at zero.",
        {"group_means": "group_means"},
    ),
    "rate_by_question": Entry(
        "Free answers by question",
        "Share of answers with the label the experiment looks for; dots are means over seeds, lines span the seeds.",
        {"labels": "labels"},
    ),
    "answer_labels": Entry(
        "Free answers by group",
        "What the judges find in answers sampled at temperature 1, all questions and seeds together.",
        {"labels": "labels"},
    ),
    "labels_by_question": Entry(
        "Free answers by question and group",
        "The labels of sampled answers to every question, all seeds together, one column per group.",
        {"labels": "labels"},
    ),
    "labels_by_seed": Entry(
        "Free answers by seed",
        "The labels of sampled answers of every finetuned model, all questions together: how far seeds agree.",
        {"labels": "labels"},
    ),
    "content_and_form": Entry(
        "Old content against old form",
        "A judging model's mean ratings (0-100) of what answers say and of how they say it. Left: a dot per question "
        "and group, mean over seeds. Right: a dot per finetuned model, mean over questions.",
        {"ratings": "ratings"},
        ("era_content", "era_form"),
    ),
    "training_loss": Entry(
        "Training loss",
        "Loss on answer tokens by step, one line per seed.",
        {"train_logs": "training"},
    ),
}
