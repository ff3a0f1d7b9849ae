import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.replies import InvalidItem, ReplyError
from tierwise.answers.slugs import slug_of
from tierwise.answers.text import Text


def test_text_travels_plain_alone_and_as_a_string_in_a_pack() -> None:
    assert Text(60).response_config() == {"responseMimeType": "text/plain"}
    items = Text(60).response_config(images=2)["responseSchema"]["items"]
    assert items["properties"]["answer"] == {"type": "STRING"}
    assert Text(60).instruction() == "At most 60 characters."


def test_text_comes_back_without_surrounding_space() -> None:
    assert Text(60).parse(" A red rose.\n") == "A red rose."


@pytest.mark.parametrize("reply", ["", "  \n", "a" * 61, "\ud800"])
def test_empty_and_overlong_text_is_no_answer(reply: str) -> None:
    with pytest.raises(ReplyError):
        Text(60).parse(reply)


def test_a_pack_refuses_what_is_no_text() -> None:
    items = Text(9).parse_packed(
        '[{"image": 1, "answer": "sky"}, {"image": 2, "answer": 5},'
        '{"image": 3, "answer": "too long by far"}]',
        3,
    )
    assert items[1] == "sky"
    assert items[2] == InvalidItem("the answer is not text: 5")
    assert isinstance(items[3], InvalidItem)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Rote Rose", "rote-rose"),
        ("Größe der Bäume über Öl.jpg", "groesse-der-baeume-ueber-oel"),
        ("GRO\u0308SSE", "groesse"),
        ("Café à la crème", "cafe-a-la-creme"),
        ("Łódź, Ærø & Þing", "lodz-aeroe-thing"),
        ("the dog's bone", "the-dogs-bone"),
        ("--a__b--", "a-b"),
        ("IMG_0042.JPEG", "img-0042"),
        ("İzmir ıssız", "izmir-issiz"),
        ("ﬁne №5", "fine-no5"),
        ("Красная роза, ёлка", "красная-роза-ёлка"),
        ("Κόκκινο Τριαντάφυλλο", "κόκκινο-τριαντάφυλλο"),
        ("赤い薔薇、庭園で", "赤い薔薇-庭園で"),
        ("ガラスの\u30ab\u3099", "ガラスのガ"),
        ("红玫瑰 (2 朵).jpg", "红玫瑰-2-朵"),
        ("وردة حمراء، في الحديقة", "وردة-حمراء-في-الحديقة"),
        ("می\u200cخواهم", "میخواهم"),
        ("लाल गुलाब", "लाल-गुलाब"),
        ("빨간 장미", "빨간-장미"),
        ("ﾊﾞﾗ 🌹 ＲＯＳＥ", "バラ-rose"),
        ("CON", "con-1"),
        ("aux.jpg", "aux-1"),
        ("Nul", "nul-1"),
        ("COM¹", "com1-1"),
        ("console", "console"),
    ],
)
def test_a_slug_is_plain_lower_case(text: str, slug: str) -> None:
    assert slug_of(text, 60) == slug


@pytest.mark.parametrize(
    ("length", "slug"),
    [(14, "red-rose-tree"), (13, "red-rose-tree"), (12, "red-rose"), (8, "red-rose"), (7, "red"),
     (3, "red"), (2, "re")],
)  # fmt: skip
def test_a_long_slug_is_cut_between_words(length: int, slug: str) -> None:
    assert slug_of("red rose tree", length) == slug


def test_a_slug_without_letters_is_no_answer() -> None:
    with pytest.raises(ReplyError, match="no letters or digits"):
        Text(60, slug=True).parse("!? 🌹")


def test_the_prompt_says_what_a_slug_is() -> None:
    said = Text(60, slug=True).instruction()
    assert "file name" in said
    assert said.endswith("At most 60 characters.")


PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
RESERVED = PORTS | {"con", "prn", "aux", "nul"}
BAD = re.compile(r"[\s_/\\:.<>|?*\"]")


@given(st.text(), st.integers(1, 80))
def test_slugs_are_always_well_formed_and_stable(text: str, length: int) -> None:
    slug = slug_of(text, length)
    assert not slug or all(word and not BAD.search(word) for word in slug.split("-"))
    assert slug == slug.lower()
    assert slug not in RESERVED
    assert len(slug) <= length
    assert slug_of(slug, length) == slug


@given(st.text(), st.booleans())
def test_no_reply_breaks_the_parser(text: str, slug: bool) -> None:
    try:
        value = Text(20, slug=slug).parse(text)
    except ReplyError as error:
        assert len(str(error)) < 400
    else:
        assert 0 < len(value) <= 20
