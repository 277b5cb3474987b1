"""What `make torture` last found is what the docs say, and it found nothing wrong; it is too long for every run."""

from __future__ import annotations

import sys

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/torture"))

import full_disk
import kills
from torture_study import STAGES

ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()


def test_a_hundred_kills_in_all_stages_left_nothing_wrong():
    found = kills.read()
    assert len(found) >= 100
    assert {kill.stage for kill in found} == set(STAGES)
    assert {kill.who for kill in found} == {"job", "all"}
    assert sum(kill.half_written for kill in found) == 0
    assert all(kill.finished for kill in found)


def test_a_full_disk_in_every_stage_is_told_in_a_line():
    found = full_disk.read()
    assert [each.stage for each in found] == [stage for stage in STAGES for _ in range(2)]
    assert not any(each.traceback or each.half_written for each in found)
    assert all(each.told and each.finished for each in found)


def test_the_docs_have_both_tables():
    assert kills.summary(kills.read()) in ARCHITECTURE
    assert full_disk.summary(full_disk.read()) in ARCHITECTURE


def test_every_stage_of_the_workflow_is_tortured():
    assert set(STAGES) == {path.stem for path in (ROOT / "rules").glob("*.smk")}
