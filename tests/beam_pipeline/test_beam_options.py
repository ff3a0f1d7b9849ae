"""Beam asks for a view of its options at each step of a graph; making one is dear."""

from __future__ import annotations

import pickle

from apache_beam.options.pipeline_options import StandardOptions, TypeOptions

from tests.work import calls_of
from tierwise.beam_pipeline.runners.beam_options import beam_options


def test_a_view_is_made_once() -> None:
    options = beam_options(["--runtime_type_check"])
    assert options.view_as(TypeOptions).runtime_type_check
    assert calls_of(lambda: options.view_as(TypeOptions)) < 10


def test_all_views_see_what_one_changes() -> None:
    options = beam_options([])
    view = options.view_as(StandardOptions)
    view.view_as(TypeOptions).runtime_type_check = True
    view.streaming = True
    assert options.view_as(TypeOptions).runtime_type_check
    assert options.get_all_options(drop_default=True)["streaming"] is True


def test_a_copy_has_views_of_its_own() -> None:
    options = beam_options(["--job_name=first"])
    options.view_as(StandardOptions).streaming = True
    copy = pickle.loads(pickle.dumps(options))
    copy.view_as(StandardOptions).streaming = False
    assert options.view_as(StandardOptions).streaming
    assert copy.get_all_options(drop_default=True)["runner"] == "FnApiRunner"
