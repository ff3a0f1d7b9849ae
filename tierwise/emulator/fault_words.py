"""What faults may say: Google's words, and the places where a reply can be spoilt."""

from __future__ import annotations

from typing import Any

# As Google words it (python-genai #660), for schemas with long or many names, bounds, nesting.
TOO_MANY_STATES = (
    "The specified schema produces a constraint that has too many states for serving. Typical "
    "causes of this error are schemas with lots of text (for example, very long property or enum "
    "names), schemas with long array length limits (especially when nested), or schemas using "
    "complex value matchers (for example, integers or numbers with minimum/maximum bounds)."
)
# What a refusal's `details` may hold beside the documented objects.
DETAILS: dict[str, Any] = {
    "null": None,
    "strings": ["overloaded"],
    "text": "overloaded",
    "violations": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": ["x"]}],
}
STATUSES = (400, 401, 403, 404, 429, 500, 501, 503, 504)
# Where a reply may hold null.
NULLS = ("candidate", "candidates", "content", "parts", "part", "text", "usage", "details")
# What a schema may be refused for: keywords, a whole dialect, or that there is one.
REFUSABLE = (
    *(
        "enum",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "description",
        "nullable",
        "prefixItems",
    ),
    *("responseSchema", "responseJsonSchema", "text/x.enum", "schema"),
)

# How the bytes of a drawn picture are spoilt.
BREAKS = ("cut", "not_base64", "html", "gif", "empty")
