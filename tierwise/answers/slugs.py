"""File names made of words: lower case, joined by hyphens, good on any disk and in any script.

Latin letters lose their accents, as web addresses have it. Other scripts keep their own letters:
what a transliteration makes of Chinese or Arabic is not a word that anybody would look for.
"""

from __future__ import annotations

import re
import unicodedata

from tierwise.answers.written_words import without_joiners

# Letters that Unicode does not take apart, or whose plain form has two letters.
_LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "oe",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "'": None,
        "’": None,
    }
)
_EXTENSION = re.compile(r"\.(jpe?g|png|gif|webp|tiff?|bmp|heic|avif|jp2|pdf)$")
_BETWEEN_WORDS = re.compile(r"-{2,}")
# Windows keeps these for devices, whatever extension follows.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])")


def slug_of(text: str, max_length: int) -> str:
    """Lower-case words joined by hyphens, cut at a hyphen when too long; empty without a word.

    >>> slug_of("Größe der Bäume.JPG", 60), slug_of("red rose garden", 9), slug_of("Con", 60)
    ('groesse-der-baeume', 'red-rose', 'con-1')
    """
    plain = _EXTENSION.sub("", unicodedata.normalize("NFC", text.strip()).lower())
    words = _letters(without_joiners(plain.translate(_LETTERS)))
    if len(words) > max_length:
        head, hyphen, _ = words[: max_length + 1].rpartition("-")
        words = (head if hyphen else words[:max_length]).strip("-")
    return f"{words[: max_length - 2]}-1" if _RESERVED.fullmatch(words) else words


def _letters(text: str) -> str:
    """Letters, digits and the marks of their scripts, all else as hyphens between words."""
    kept: list[str] = []
    for sign in unicodedata.normalize("NFKC", text).lower():
        base = unicodedata.normalize("NFKD", sign)
        if base[0].isascii():
            kept += (one if one.isalnum() else "-" for one in base.lower() if one.isascii())
        elif unicodedata.category(sign).startswith("M"):
            kept += sign if kept and not kept[-1].isascii() else ""
        else:
            kept.append(sign if sign.isalnum() else "-")
    return _BETWEEN_WORDS.sub("-", unicodedata.normalize("NFC", "".join(kept))).strip("-")
