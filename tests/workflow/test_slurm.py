"""The profile for SLURM: real submissions to a cluster of one node that the test starts and stops."""

from __future__ import annotations

import getpass
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from tree import Tree

from weirdgen.study.load import load_study
from weirdgen.study.params import params

DAEMONS = ("munged", "slurmctld", "slurmd")
MISSING = [name for name in (*DAEMONS, "sbatch", "srun", "squeue", "scontrol") if not shutil.which(name)]
MISSING += [name for name in ("snakemake_executor_plugin_slurm",) if not importlib.util.find_spec(name)]

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
# More than this machine has: what is tested is what jobs ask for.
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=100000 Gres=gpu:a100:2
PartitionName=all Nodes={host} Default=YES
"""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def slurm(tmp_path_factory) -> Iterator[None]:
    """munged, slurmctld and slurmd on loopback, all they write in one temporary folder; SLURM_CONF names it."""
    folder = tmp_path_factory.mktemp("slurm")
    host = socket.gethostname().split(".")[0]
    ports = {"controller_port": free_port(), "node_port": free_port()}
    (folder / "slurm.conf").write_text(CONF.format(host=host, user=getpass.getuser(), folder=folder, **ports))
    (folder / "gres.conf").write_text("Name=gpu Type=a100 File=/dev/null\nName=gpu Type=a100 File=/dev/zero\n")
    version = tuple(map(int, re.findall(r"\d+", output("slurmctld", "-V"))[:2]))
    if version >= (23, 11):  # older ones do not know it, and need no cgroups with these plugins
        (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
    # The executor takes SLURM_CONF away from its job steps: a cluster has the file where SLURM looks for it.
    (folder / "srun").write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    (folder / "srun").chmod(0o755)
    (folder / "munge.key").write_bytes(os.urandom(64))
    (folder / "munge.key").chmod(0o600)
    munge = {name: f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")}
    commands = (
        ["munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge.values()],
        ["slurmctld", "-D"],
    )
    with pytest.MonkeyPatch.context() as patch, ExitStack() as running:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        for command in (*commands, ["slurmd", "-D"]):
            log = running.enter_context((folder / f"{command[0]}.out").open("w"))
            daemon = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            running.callback(stop, daemon)
            if command[0] == "munged":
                wait_for((folder / "munge.socket").exists, folder)
        wait_for(lambda: output("sinfo", "--noheader", "--format=%T").strip() == "idle", folder)
        running.callback(output, "scancel", f"--user={getpass.getuser()}")
        yield


def stop(daemon: subprocess.Popen) -> None:
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()


def wait_for(ready, folder: Path) -> None:
    end = time.monotonic() + 60
    while not ready():
        if time.monotonic() > end:
            pytest.fail("\n".join(f"{path.name}:\n{path.read_text()[-2000:]}" for path in folder.glob("*.out")))
        time.sleep(0.2)


def jobs() -> dict[str, dict[str, str]]:
    """What the controller remembers: `rule_<rule>_wildcards_<wildcards>` -> the job's record."""
    lines = output("scontrol", "--oneliner", "show", "job").splitlines()
    records = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if "JobId=" in line]
    return {record["Comment"]: record for record in records}


def limit(stage: str) -> str:
    """The time limit of the rule that a stage is named after, the first of its file, as SLURM writes it."""
    minutes, *_ = re.findall(r"runtime=(\d+)", (ROOT / "rules" / f"{stage}.smk").read_text())
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:00"


@pytest.mark.slurm
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (docs/cluster.md)")
def test_jobs_go_through_slurm_with_what_their_rules_ask_for(slurm, tiny_model, tmp_path):
    tree = Tree(tmp_path, tiny_model)
    tiny = {**tree.overlay["models"]["tiny"], "mem_mb": 1500}
    large = {**tiny, "device": "cuda", "mem_mb": 24000}  # torch sees no GPU here, so its job fails
    tree.write_overlay(run_models=["tiny", "large"], models={"tiny": tiny, "large": large}, seeds=[0])
    good = "results/tiny/old_bird_names/adapters/old_audubon/default/seed-0/run.json"
    bad = "results/large/old_bird_names/contrasts/base/none/seed-0.parquet"

    arguments = ["--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "5"]
    command = [sys.executable, "-m", "snakemake", *arguments, good, bad, "--configfile", "tiny.yaml"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)

    log = run.stdout + run.stderr
    assert run.returncode == 1, log
    assert (tmp_path / good).is_file(), log
    assert not (tmp_path / bad).exists()
    found = jobs()
    trained = found.pop("rule_finetune_wildcards_tiny_old_bird_names_old_audubon_default_0")
    failed = found.pop("rule_contrast_wildcards_large_old_bird_names_base_none_0")
    assert found == {}, "cheap rules (both models, the dataset) run beside Snakemake"
    assert (trained["JobState"], failed["JobState"]) == ("COMPLETED", "FAILED")
    assert f"SLURM-job '{failed['JobId']}' failed" in log
    assert "Error in rule contrast" in log
    step = tmp_path / "results/large/old_bird_names/logs/contrast/base/none/seed-0.log"
    assert "ERROR" in step.read_text(), "the script itself failed, on its GPU, and not its submission"
    assert (trained["TimeLimit"], failed["TimeLimit"]) == (limit("finetune"), limit("contrast"))
    assert (trained["MinMemoryNode"], failed["MinMemoryNode"]) == ("1500M", "24000M")
    assert (trained["NumCPUs"], failed["NumCPUs"]) == ("1", "8")
    assert re.fullmatch(r"gres.gpu:1", failed["TresPerJob"])
    assert not any("gpu" in value for value in trained.values())


def test_what_a_job_asks_for_comes_from_the_model_registry():
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    raw["models"]["qwen3-8b"] |= {"vllm": {"tensor_parallel": 4}, "mem_mb": 30000}
    asked = params(load_study(raw, ROOT))["models"]["qwen3-8b"]
    assert (asked["gpus"], asked["engine_gpus"], asked["mem_mb"]) == (1, 4, 30000)
    assert "models/{model}/engine_gpus" in (ROOT / "rules" / "sample.smk").read_text()


def test_a_job_that_loads_a_model_says_how_long_it_may_take():
    for path in (ROOT / "rules").glob("*.smk"):
        for rule in re.split(r"^ *rule\b", path.read_text(), flags=re.MULTILINE)[1:]:
            asked = [name for name in ("gpu", "mem_mb", "runtime") if f"    {name}=" in rule]
            assert asked in ([], ["mem_mb"], ["gpu", "mem_mb", "runtime"]), f"{path.name}: {rule[:200]}"
