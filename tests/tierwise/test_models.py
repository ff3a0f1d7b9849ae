from datetime import date

import pytest

from tierwise.errors import ModelError
from tierwise.models import (
    Model,
    all_models,
    answering_model,
    check_alive,
    find_model,
    forwarded,
    other_model,
)
from tierwise.records import MediaResolution, ServiceTier

TODAY = date(2026, 11, 21)
FLASH_LITE = "gemini-3.1-flash-lite"


def test_a_pinned_model_is_found_with_what_it_offers() -> None:
    model = find_model(FLASH_LITE)
    assert (model.name, model.version, model.generation) == (FLASH_LITE, FLASH_LITE, "3")
    assert model.media_resolutions == tuple(MediaResolution)
    assert model.thinking_levels == ("minimal", "low", "medium", "high")
    assert model.default_thinking == "minimal"
    assert set(model.service_tiers) == set(ServiceTier)
    assert model.per_part_media_resolution
    assert (model.context_tokens, model.max_output_tokens) == (1_048_576, 65_536)


def test_generation_2_5_thinks_by_budget_and_has_one_resolution_per_request() -> None:
    model = find_model("gemini-2.5-flash")
    assert model.thinking_levels == ()
    assert model.thinking_budget_off == 0
    assert not model.per_part_media_resolution
    assert MediaResolution.ULTRA_HIGH not in model.media_resolutions
    assert find_model("gemini-2.5-pro").thinking_budget_off is None


def test_3_8_flash_refuses_minimal_thinking() -> None:
    assert find_model("gemini-3.8-flash").thinking_levels == ("low", "medium", "high")


@pytest.mark.parametrize("alias", ["latest", "gemini-flash-latest", "gemini-whatever-latest"])
def test_an_alias_is_refused_with_what_to_write_instead(alias: str) -> None:
    with pytest.raises(ModelError, match=rf'"{alias}" is an alias.*Pin a model instead: "gemini-'):
        find_model(alias)


def test_a_known_alias_names_the_model_it_stood_for() -> None:
    with pytest.raises(ModelError, match=r'"gemini-3\.8-flash", which it stood for'):
        find_model("gemini-flash-latest")


def test_a_misspelt_name_lists_the_nearest_first() -> None:
    with pytest.raises(ModelError, match=f'not known. Write one of: "{FLASH_LITE}"'):
        find_model("gemini-3.1-flash-light")


@pytest.mark.parametrize("name", ["zzz", "gemini-9"])
def test_an_unknown_name_lists_every_model_that_is_there_to_stay(name: str) -> None:
    with pytest.raises(ModelError) as error:
        find_model(name)
    for model in all_models():
        if not model.image_output and not model.forwards_to and model.shutdown is None:
            assert f'"{model.name}"' in str(error.value)
    assert f'"{FLASH_LITE}"' in str(error.value)


def test_a_name_near_to_nothing_lists_no_model_that_is_over() -> None:
    with pytest.raises(ModelError) as error:
        find_model("zzz")
    for name in ("gemini-3-pro-preview", "gemini-2.5-pro", "gemini-3.1-flash-image"):
        assert f'"{name}"' not in str(error.value)


def test_a_model_in_its_prime_gives_no_warning() -> None:
    assert check_alive(find_model("gemini-3.8-flash"), TODAY) is None
    assert check_alive(find_model(FLASH_LITE), TODAY) is None


def test_an_upcoming_shutdown_is_a_warning_with_date_and_days() -> None:
    warning = check_alive(find_model("gemini-2.5-flash"), date(2026, 11, 30))
    assert warning is not None
    assert "2026-12-01, in 1 day." in warning


def test_on_the_day_of_its_shutdown_a_model_is_refused_with_its_successor() -> None:
    with pytest.raises(ModelError, match=r'Pin "gemini-3\.5-flash-lite"'):
        check_alive(find_model("gemini-2.5-flash"), date(2026, 12, 1))
    with pytest.raises(ModelError, match="shut down on 2026-03-09"):
        check_alive(find_model("gemini-3-pro-preview"), TODAY)


def test_a_forwarded_model_warns_whose_answers_come() -> None:
    model = find_model("gemini-3.7-flash")
    answered = "answered by gemini-3.8-flash"
    assert answered in (check_alive(model, TODAY) or "")
    assert answered in (check_alive(model, date(2026, 10, 8)) or "")
    assert answered not in (check_alive(model, date(2026, 10, 7)) or "")


def test_a_reply_is_from_the_pinned_model_unless_it_names_another() -> None:
    assert answering_model(FLASH_LITE, FLASH_LITE) == FLASH_LITE
    assert answering_model(FLASH_LITE, f"{FLASH_LITE}-001") == FLASH_LITE
    assert answering_model(FLASH_LITE, "") == FLASH_LITE
    assert answering_model("gemini-3.7-flash", "gemini-3.8-flash") == "gemini-3.8-flash"


@pytest.mark.parametrize(
    ("version", "other"),
    [
        (FLASH_LITE, ""),
        (f"{FLASH_LITE}-001", ""),
        ("", ""),
        ("gemini-3.5-flash-lite", "gemini-3.5-flash-lite"),
        ("gemini-3.1-flash-lite-image", "gemini-3.1-flash-lite-image"),  # a model of its own
        ("gemini-5-lite", "gemini-5-lite"),  # not known here
    ],
)
def test_whatever_else_a_reply_names_is_another_model(version: str, other: str) -> None:
    assert other_model(FLASH_LITE, version) == other


def test_requests_are_forwarded_from_a_day_on() -> None:
    model = find_model("gemini-3.7-flash")
    assert forwarded(model, date(2026, 10, 7)) is model
    assert forwarded(model, date(2026, 10, 8)) is find_model("gemini-3.8-flash")


@pytest.mark.parametrize("name", ["gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-3.6-flash"])
def test_a_model_may_end_on_vertex_ai_alone(name: str) -> None:
    assert "was shut down" not in (check_alive(find_model(name), TODAY) or "")
    with pytest.raises(ModelError, match=f'"{name}" was shut down on Vertex AI on 2026-1'):
        check_alive(find_model(name, vertex=True), TODAY)


def test_a_model_may_live_on_vertex_ai_alone() -> None:
    with pytest.raises(ModelError, match="shut down on 2026-10-29"):
        check_alive(find_model("gemini-3.1-flash-image"), TODAY)
    assert check_alive(find_model("gemini-3.1-flash-image", vertex=True), TODAY) is None


def test_vertex_ai_forwards_nothing_that_it_serves_itself() -> None:
    here, there = (find_model("gemini-3.5-flash", vertex=vertex) for vertex in (False, True))
    assert forwarded(here, TODAY).name == "gemini-3.6-flash"
    assert forwarded(there, TODAY) is there


def test_near_the_day_until_which_a_model_is_promised_that_is_told() -> None:
    model = find_model(FLASH_LITE, vertex=True)
    assert check_alive(model, date(2027, 5, 8)) == (
        f"{FLASH_LITE} is promised until 2027-05-07, and may be shut down from then on."
    )


@pytest.mark.parametrize("letter", ["argon", "carbon", "hydrogen", "neon"])
def test_gemini_4_has_no_flex_on_vertex_ai(letter: str) -> None:
    assert ServiceTier.FLEX in find_model(f"gemini-4-{letter}").service_tiers
    assert ServiceTier.FLEX not in find_model(f"gemini-4-{letter}", vertex=True).service_tiers


@pytest.mark.parametrize("name", ["gemini-4-hydrogen", "gemini-4-neon"])
def test_the_newest_models_think_much_unless_told_otherwise(name: str) -> None:
    model = find_model(name)
    assert (model.thinking_levels[0], model.default_thinking) == ("low", "high")


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.name)
def test_every_row_agrees_with_itself(model: Model) -> None:
    assert list(model.media_resolutions) == [
        resolution for resolution in MediaResolution if resolution in model.media_resolutions
    ]
    assert ServiceTier.STANDARD in model.service_tiers
    assert model.image_output == (model.media_resolutions == ())
    assert model.default_thinking in {*model.thinking_levels, "off", "dynamic"}
    assert model.forwards_to is None or find_model(model.forwards_to).shutdown is None
    assert (model.forwards_to is None) == (model.forwards_from is None)
    assert not (model.available_from and model.shutdown) or model.available_from < model.shutdown
