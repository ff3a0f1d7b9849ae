"""Lists and sheets lose the lines that are about a picture, and keep the bytes of all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.forgetting.going import Going
from tierwise.forgetting.in_texts import forget_in_lists, scrubbed

GOING = Going(frozenset({"a.jpg", "=b.jpg"}), frozenset({"sha256:00"}))


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("s.csv", "uri,by\r\na.jpg,me\r\nc.jpg,you\r\n", "uri,by\r\nc.jpg,you\r\n"),
        ("s.csv", "\ufeffuri;by\n'=b.jpg;me\nc.jpg;you", "\ufeffuri;by\nc.jpg;you"),
        ("s.csv", 'uri,by\na.jpg,"two\nlines"\nc.jpg,"1\n2"\n', 'uri,by\nc.jpg,"1\n2"\n'),
        (
            "s.tsv",
            "content_hash\turi\nsha256:00\tx\nsha256:01\ta\n",
            "content_hash\turi\nsha256:01\ta\n",
        ),
        ("l.jsonl", '{"uri": "a.jpg"}\nno JSON\n{"uri":  "aa.jpg"}', 'no JSON\n{"uri":  "aa.jpg"}'),
        ("l.jsonl", '{"uri": "c\u2028.jpg"}\n{"uri": "a.jpg"}\n', '{"uri": "c\u2028.jpg"}\n'),
        ("s.csv", "uri,by\nc\u0085.jpg,x\u2028\na.jpg,me\n", "uri,by\nc\u0085.jpg,x\u2028\n"),
        ("s.csv", "by,uri\nx\u2028y,a.jpg\nme,c.jpg\n", "by,uri\nme,c.jpg\n"),
        ("l.jsonl", '{"by": "x\u2028y", "uri": "a.jpg"}\n', ""),
        ("notes.txt", "a.jpg", "a.jpg"),
        ("theirs.csv", "name\na.jpg\n", "name\na.jpg\n"),
        ("empty.csv", "", ""),
    ],
)
def test_lines_go(name: str, text: str, left: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    changed = forget_in_lists(str(tmp_path), GOING, GOING.names)
    assert path.read_bytes() == left.encode()
    assert changed == ([str(path)] if left != text else [])


def test_a_longer_name_is_another() -> None:
    document = {
        "x/a.jpg": 1,
        "said": ["a.jpg.bak", "x-a.jpg", "no 'a.jpg', a.jpg."],
        "n": [None, 2],
    }
    assert scrubbed(document, {"a.jpg"}) == {
        "x/a.jpg": 1,
        "said": ["a.jpg.bak", "x-a.jpg", "no '(forgotten)', (forgotten)."],
        "n": [None, 2],
    }
    assert scrubbed(document, ()) == document
