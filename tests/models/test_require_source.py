"""What a fetched model's weights are."""

from __future__ import annotations

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.core.files import sha256
from weirdgen.models.fetch import fetch_model, require_source
from weirdgen.models.settings import Source


def test_a_fetched_models_weights_are_known(tiny_model, tmp_path):
    fetch_model("tiny", Source(path=str(tiny_model)), tmp_path / "tiny")
    assert require_source(tmp_path / "tiny").weights_sha256 == {
        "model.safetensors": sha256(tiny_model / "model.safetensors")
    }


def test_a_folder_that_was_not_fetched_is_one_line(tiny_model):
    with pytest.raises(StudyError, match=r"source\.json: no such file; fetch the model again"):
        require_source(tiny_model)
