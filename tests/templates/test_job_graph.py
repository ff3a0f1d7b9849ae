"""The graph as Dataflow gets it: its steps, what is fused, and what crosses a shuffle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from apache_beam import coders
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners import pipeline_context
from apache_beam.runners.portability.fn_api_runner import translations

from tests.templates.conftest import SECRET, Launched

GROUP_BY_KEY = "beam:transform:group_by_key:v1"
PAR_DO = "beam:transform:pardo:v1"
# Names stand in people's dashboards and alerts; a change here is one for the changelog.
STEPS = {
    "ListImages": {
        "NameInput",  # and "SpreadInput", where a long listing is cut
        "KeepLease",
        "ListNames",
        "HashImages",
    },
    "ShareDuplicates": {"KeyByShard", "GroupByShard", "KeepOneOfEach"},
    "GroupFiles": set(),
    "KeepWhileAsking-images": {"Pass"},
    "KeepWhileAsking-groups": {"Pass"},
    "AskGemini": {"Ask"},
    "AskGroups": {"Ask"},
    "NameAnswers": {"KeyNames", "KeyAnswers", "Join", "Name"},
    "NameGroups": set(),
    "EachRow": set(),
    "AllRows": set(),
    "AllParts": set(),
    "KeepWhileWriting": {"Pass"},
    "WriteTables": {"WriteRows"},
    "MergePages": {"KeyByPage", "Meet", "Merge"},
    "WriteWide": {"WriteRows"},
    "WriteFiles": {"WriteRows"},
    "SumCosts": {"CostsOfRow", "SumByRow"},
    "SumJournal": {"NameJournal", "ListFolders", "SpreadFolders", "SumFolder", "SumFolders"},
    "PublishRun": {"Finish", "KeepLease", "Publish"},
}


@pytest.fixture(scope="module")
def transforms(launched: Launched) -> dict[str, Any]:
    """Every transform, composite or not, by its full name."""
    return {one.unique_name: one for one in launched.pipeline.components.transforms.values()}


@pytest.fixture(scope="module")
def stages(launched: Launched) -> list[set[str]]:
    """The full names of what one worker does to an element without handing it on."""
    pipeline = beam_runner_api_pb2.Pipeline()
    pipeline.CopyFrom(launched.pipeline)
    _, found = translations.create_and_optimize_stages(
        pipeline,
        phases=[
            translations.annotate_downstream_side_inputs,
            translations.fix_side_input_pcoll_coders,
            translations.pack_combiners,
            translations.lift_combiners,
            translations.expand_sdf,
            translations.expand_gbk,
            translations.fix_flatten_coders,
            translations.greedily_fuse,
            translations.read_to_impulse,
            translations.sort_stages,
        ],
        known_runner_urns=frozenset(
            (translations.common_urns.primitives.FLATTEN.urn, GROUP_BY_KEY)
        ),
    )
    return [{one.unique_name for one in stage.transforms} for stage in found]


def test_steps_have_names_that_stay(transforms: dict[str, Any]) -> None:
    found = {name.partition("/")[0] for name in transforms if not name.startswith("ref_")}
    assert found == set(STEPS)
    missing = [
        f"{step}/{part}"
        for step, parts in STEPS.items()
        for part in parts
        if f"{step}/{part}" not in transforms
    ]
    assert missing == []


def test_reading_and_asking_are_one_stage_from_shuffle_to_shuffle(stages: list[set[str]]) -> None:
    (asking,) = (stage for stage in stages if _has(stage, "AskGemini/Ask"))
    for part in ("ShareDuplicates/KeepOneOfEach", "KeepWhileAsking-images", "NameAnswers/Key"):
        assert _has(asking, part), part
    assert not _has(asking, "ListImages")
    assert not _has(asking, "NameAnswers/Name")
    (listing,) = (stage for stage in stages if _has(stage, "ListImages/HashImages/HashFiles"))
    assert _has(listing, "ShareDuplicates/KeyByShard")
    assert not _has(listing, "AskGemini")
    (writing,) = (stage for stage in stages if _has(stage, "WriteTables/WriteRows"))
    assert not _has(writing, "AskGemini")


def _has(stage: set[str], part: str) -> bool:
    return any(part in name for name in stage)


def test_all_steps_have_one_environment_or_they_would_not_fuse(launched: Launched) -> None:
    (environment,) = launched.pipeline.components.environments.values()
    hints = environment.resource_hints
    assert hints["beam:resources:min_ram_bytes:v1"] == b"2000000000"
    used = {
        one.environment_id
        for one in launched.pipeline.components.transforms.values()
        if one.spec.urn == PAR_DO
    }
    assert len(used) == 1


def test_what_crosses_a_shuffle_is_named(launched: Launched) -> None:
    """Element types of everything that is grouped: names, records, sums; no picture among them."""
    context = pipeline_context.PipelineContext(launched.pipeline.components)
    grouped = {}
    for name, collection in _grouped(launched.pipeline):
        coder = context.coders.get_by_id(collection.coder_id)
        assert coder.is_kv_coder(), name
        assert coder.key_coder().is_deterministic(), name
        grouped[name] = coder.value_coder()
    assert {name.partition("/")[0] for name in grouped} <= set(STEPS)
    assert len(grouped) > 8
    in_bytes = {name for name, one in grouped.items() if isinstance(one, coders.BytesCoder)}
    # Records that were packed; everything else is pickled, and has a class that can be looked at.
    assert {name.partition("/")[0] for name in in_bytes} <= {
        "NameAnswers",
        "GroupFiles",
        "NameGroups",
        "MergePages",
    }


def _grouped(pipeline: Any) -> Iterator[tuple[str, Any]]:
    for one in pipeline.components.transforms.values():
        if one.spec.urn == GROUP_BY_KEY:
            (taken,) = one.inputs.values()
            yield one.unique_name, pipeline.components.pcollections[taken]


def test_the_console_shows_what_is_asked_of_whom(transforms: dict[str, Any]) -> None:
    shown = {name: dict(_display_data(one)) for name, one in transforms.items() if one.display_data}
    asking = shown["AskGemini/Ask"]
    assert asking["tasks"] == "light, found, theme"
    assert asking["models"] == "gemini-3.1-flash-lite"
    assert asking["service"] == "developer"
    assert asking["requests_in_flight"] == 32 / 4  # packs of four, in a small archive
    assert asking["api_key_secret"] == SECRET
    (listing,) = (one for name, one in shown.items() if name.startswith("ListImages/ListNames/"))
    assert listing["input"] == "gs://archive/photos"
    assert shown["WriteTables/WriteRows"]["folder"].startswith("gs://results/out/.staging-")


def _display_data(transform: Any) -> Iterator[tuple[str, Any]]:
    for item in transform.display_data:
        labelled = beam_runner_api_pb2.LabelledPayload()
        labelled.ParseFromString(item.payload)
        yield labelled.key, getattr(labelled, labelled.WhichOneof("value"))
