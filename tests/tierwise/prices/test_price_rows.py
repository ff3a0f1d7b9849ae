import pytest

from tierwise.answerer import ServiceKind
from tierwise.errors import PriceError
from tierwise.prices.price_rows import load_prices

MODEL = "gemini-3.1-flash-lite"
ROW = """
[[prices]]
model = "gemini-3.1-flash-lite"
from = 2026-01-01
until = 2026-07-01
source = "our contract"
checked = 2026-11-20
standard = { input_usd_per_mtok = "0.20", output_usd_per_mtok = "1.20" }
"""


def test_a_negotiated_price_is_read_with_its_tiers() -> None:
    batch = 'batch = { input_usd_per_mtok = "0.1", output_usd_per_mtok = "0.6" }'
    standard, batched = load_prices(ROW + batch, "my.toml")
    assert (str(standard.input_usd_per_mtok), str(batched.output_usd_per_mtok)) == ("0.20", "0.6")
    assert standard.cached_input_usd_per_mtok == standard.input_usd_per_mtok
    assert standard.image_output_usd_per_mtok is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"0.20"', "0.20", r"standard.input_usd_per_mtok must be .*: numbers without quotes lose"),
        ('"0.20"', '"0,20"', r"in quotes such as \"0.25\", got '0,20': write digits and a point"),
        ('"0.20"', '"-0.20"', r"got '-0.20': write digits and a point alone, no sign"),
        ('"0.20"', '"NaN"', r"got 'NaN': write digits"),
        ('source = "our contract"\n', "", r"source is missing"),
        ("checked = 2026-11-20\n", "", r"checked is missing"),
        ("2026-01-01", '"2026-01-01"', r"from must be a date such as 2027-01-01 without quotes"),
        ("2026-01-01", "2026-01-01T00:00:00", r"from must be a date"),
        ("2026-07-01", "2026-01-01", r"until = 2026-01-01 must be after from = 2026-01-01"),
        ("standard =", "standart =", r"standart is not a known key. Known are: batch, cache_"),
        (', output_usd_per_mtok = "1.20"', "", r"standard.output_usd_per_mtok is missing"),
        ("output_usd_per_mtok", "output_usd_per_token", r"standard.output_usd_per_mtok is missing"),
        ('{ input_usd_per_mtok = "0.20", output_usd_per_mtok = "1.20" }', '"1"', "must be a table"),
        ("checked =", "context_above_tokens = -1\nchecked =", r"whole number of tokens, got -1"),
        ("checked =", "regional_multiplier = 1.1\nchecked =", r"regional_multiplier must be a dec"),
    ],
)
def test_a_malformed_row_is_refused_with_file_row_key_and_value(
    old: str, new: str, complaint: str
) -> None:
    assert old in ROW
    with pytest.raises(PriceError, match=rf"my\.toml: row 1 \({MODEL}\): .*{complaint}"):
        load_prices(ROW.replace(old, new), "my.toml")


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("gemini-3.1-flash-light", r'is not known\. Write one of: "gemini-3\.1-flash-lite"'),
        ("gemini-flash-latest", "is an alias"),
        (
            "gemini-3-pro-image",
            r"flex: the model has no such service tier\. It has: standard, batch",
        ),
    ],
)
def test_a_row_for_what_no_model_offers_is_refused(model: str, complaint: str) -> None:
    flex = 'flex = { input_usd_per_mtok = "0.1", output_usd_per_mtok = "0.6" }'
    with pytest.raises(PriceError, match=rf"my\.toml: row 1 \({model}\): .*{complaint}"):
        load_prices(ROW.replace(MODEL, model) + flex, "my.toml")


def at_service(name: str, row: str = ROW) -> str:
    return row.replace("from =", f'service = "{name}"\nfrom =')


def test_a_service_may_have_a_row_of_its_own_beside_one_of_both() -> None:
    both, vertex = load_prices(ROW + at_service("vertex"), "my.toml")
    assert (both.service, vertex.service) == (None, ServiceKind.VERTEX)
    with pytest.raises(PriceError, match="rows 1 and 2: two prices"):
        load_prices(at_service("vertex") * 2, "my.toml")


def test_a_row_for_what_a_service_lacks_is_refused() -> None:
    with pytest.raises(PriceError, match="service must be developer or vertex, got 'emulator'"):
        load_prices(at_service("emulator"), "my.toml")
    flex = 'flex = { input_usd_per_mtok = "0.1", output_usd_per_mtok = "0.6" }'
    argon = ROW.replace(MODEL, "gemini-4-argon") + flex
    assert len(load_prices(at_service("developer", argon), "my.toml")) == 2
    with pytest.raises(PriceError, match="flex: the model has no such service tier"):
        load_prices(at_service("vertex", argon), "my.toml")


def test_overlapping_periods_are_refused_with_both() -> None:
    later = ROW.replace("2026-01-01", "2026-06-30").replace("2026-07-01", "2026-12-01")
    both = f"rows 1 and 2: two prices of {MODEL} at standard hold on 2026-06-30: one from 2026-01-"
    with pytest.raises(PriceError, match=both):
        load_prices(ROW + later, "my.toml")


def test_a_row_without_end_overlaps_every_later_one() -> None:
    endless = ROW.replace("until = 2026-07-01\n", "")
    with pytest.raises(PriceError, match="until no end"):
        load_prices(endless + ROW.replace("2026-01-01", "2026-05-01"), "my.toml")


def test_periods_that_touch_do_not_overlap() -> None:
    later = ROW.replace("2026-01-01", "2026-07-01").replace("until = 2026-07-01\n", "")
    assert len(load_prices(ROW + later, "my.toml")) == 2


@pytest.mark.parametrize(
    "text", ["", "prices = 1", "[prices]\nmodel = 'x'", ROW + "[other]\na = 1"]
)
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(PriceError, match=r"my\.toml: must hold \[\[prices\]\] rows"):
        load_prices(text, "my.toml")


def test_a_file_that_is_not_toml_is_refused_with_the_line() -> None:
    with pytest.raises(PriceError, match=r"my\.toml: not valid TOML: .*line 1"):
        load_prices("prices: 3", "my.toml")


def test_a_row_without_a_tier_is_refused() -> None:
    row = "\n".join(line for line in ROW.splitlines() if not line.startswith("standard"))
    with pytest.raises(PriceError, match=r"no service tier\. Write at least one of: standard"):
        load_prices(row, "my.toml")
