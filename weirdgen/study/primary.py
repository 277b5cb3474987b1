"""The one comparison by which each experiment is judged: what `primary:` says, filled up and checked at the plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weirdgen.analyse.settings import Primary
from weirdgen.core.errors import StudyError
from weirdgen.core.names import (
    ALL_TOPICS,
    BASE,
    BEYOND_NULL,
    EXCESS,
    NULL_TOPIC,
    TRIGGERED,
    context_and_value,
)
from weirdgen.data.questions import Contrast
from weirdgen.study.experiment import Experiment


def primary_of(experiment: Experiment, contrasts: Sequence[Contrast], where: str) -> Primary:
    """An experiment's primary comparison. Raises StudyError for a name that it does not know."""
    written, place = experiment.primary, f"{where}: primary"
    by_role = {
        role: [name for name, dataset in experiment.datasets.items() if dataset.role in roles]
        for role, roles in (("treated", ("treated", "dose")), ("control", ("control",)))
    }
    firsts = next(name for name, dataset in experiment.datasets.items() if dataset.role == "treated")
    treated = written.treated or firsts
    control = written.control or next(iter(by_role["control"]), BASE)
    _known(treated, by_role["treated"], f"{place}.treated", "datasets that are treated are")
    _known(control, [*by_role["control"], BASE], f"{place}.control", "datasets that are controls are")
    contexts = _contexts(experiment, written.instrument)
    if not contexts:
        missing = "a context with two values on its axis" if written.instrument == EXCESS else "trigger_contexts"
        raise StudyError(f"{place}.instrument: {written.instrument} needs {missing}; the experiment has none")
    shown = experiment.headline_context
    context = written.context or (shown if shown in contexts else next(iter(contexts)))
    _known(context, contexts, f"{place}.context", f"{written.instrument} is measured in")
    asked = {each.topic for each in contrasts if contexts[context] <= set(_asked_in(each, experiment))}
    aside = {NULL_TOPIC, *experiment.control_topics}
    pooled = [name for name, topics in experiment.pooled_topics.items() if asked.intersection(topics)]
    whole = [ALL_TOPICS] if asked - aside else []
    beyond = [BEYOND_NULL] if whole and NULL_TOPIC in asked else []
    topics = [*beyond, *whole, *pooled, *sorted(asked)]
    topic = written.topic or topics[0]
    _known(topic, topics, f"{place}.topic", f"asked at {context} are")
    return Primary(treated=treated, control=control, instrument=written.instrument, topic=topic, context=context)


def _contexts(experiment: Experiment, instrument: str) -> dict[str, set[str]]:
    """Where an instrument is measured -> the names of the contexts that a question needs for it."""
    asked = {context: {context_and_value(context)[0]} for context in experiment.asked("contrasts")}
    if instrument == EXCESS:
        on_axis = [context_and_value(context)[0] for context in asked if context_and_value(context)[1]]
        return {context: names for context, names in asked.items() if on_axis.count(*names) > 1}
    if instrument == TRIGGERED:
        pair = experiment.trigger_contexts
        return {"-".join(pair): {*asked[pair[0]], *asked[pair[1]]}} if pair else {}
    return asked


def _asked_in(contrast: Contrast, experiment: Experiment) -> list[str]:
    return experiment.contrasts.contexts if contrast.contexts is None else contrast.contexts


def _known(name: str, known: Collection[str], where: str, what: str) -> None:
    if name not in known:
        raise StudyError(f"{where} names '{name}'; {what}: {', '.join(known) or 'none'}")
