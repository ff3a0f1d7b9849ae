r"""Patterns of names, as `.gitignore` and rsync have them, below the folder that is listed.

drafts        a file or folder of this name, wherever it lies, with all below it
drafts/       the same, folders alone
*.png         any name that ends so; `*` and `?` stay within a name, as does `[a-z]`, `[!a-z]`
2019/raw      with a slash inside, from the top: this folder of the input, and no other
/drafts       from the top as well
**/raw/*.dng  `**` stands for any number of folders
\*odd         a backslash takes the sign behind it as it is
"""

from __future__ import annotations

import re

_TOKENS = re.compile(r"\\.|\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_FIXED = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def expression(pattern: str, *, of_files: bool = False) -> str:
    """The regular expression that is searched in `"/" + path`; a folder's path ends with `/`.

    With `of_files` the pattern is about a file's own name, whatever its folders are called.

    Raises:
        re.error: it cannot be a pattern, as `[z-a]`.

    >>> drafts = re.compile(expression("drafts/"))
    >>> [bool(drafts.search("/" + path)) for path in ("a/drafts/b.jpg", "drafts", "a/drafts.jpg")]
    [True, False, False]
    >>> raw = re.compile(expression("2019/raw"))
    >>> [bool(raw.search("/" + path)) for path in ("2019/raw/b.jpg", "x/2019/raw/b.jpg")]
    [True, False]
    """
    body = pattern.rstrip("/")
    is_folder = len(body) < len(pattern)
    top = r"\A/" if "/" in body and not body.startswith("**/") else "/"
    tokens = _TOKENS.findall(body.removeprefix("/").removeprefix("**/"))
    end = "/" if is_folder else r"\Z" if of_files else r"(?:/|\Z)"
    found = top + "".join(map(expression_of, tokens)) + end
    re.compile(found, re.DOTALL)
    return found


def expression_of(token: str) -> str:
    """What one sign of a pattern stands for; a backslash takes the sign behind it as it is."""
    if token in _FIXED:
        return _FIXED[token]
    if len(token) == 1:
        return re.escape(token)
    if token[0] == "\\":
        return re.escape(token[1])
    negated = token.startswith("[!")
    inner = re.sub(r"[^\w-]|(?<=-)-", r"\\\g<0>", token[2 if negated else 1 : -1])
    return f"(?!/)[{'^' if negated else ''}{inner}]"
