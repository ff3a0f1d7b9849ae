"""Why a reply has no answer, and whether that is final. Pure.

Final is only what Google judged about the picture or the question: asked again, it would be judged
the same, for money. Everything else is chance or Google's own trouble: it is asked once more at
once, and left to the next run if that brings nothing either. What is not listed is of that kind. So
is what was declined for reasons that another reply may not meet; but where a task has a route for
refusals (`on_refusal`), it goes there in place of being asked once more. Of a picture that was to
be drawn, what is declined is final: Google says what the subject or the style is too near to. One
that came is an answer, wherever its words were cut off.

| `finishReason`                                                | what it means here               |
|---------------------------------------------------------------|----------------------------------|
| STOP, or none                                                 | an answer; open when empty       |
| MAX_TOKENS, CONTINUATION                                      | cut off: more room once          |
| SAFETY, BLOCKLIST, PROHIBITED_CONTENT, SPII, MODEL_ARMOR      | final: about what is written     |
| IMAGE_SAFETY, IMAGE_PROHIBITED_CONTENT                        | final: about what is drawn       |
| RECITATION, IMAGE_RECITATION                                  | declined: another reply may pass |
| LANGUAGE, OTHER, IMAGE_OTHER                                  | open: another reply may pass     |
| NO_IMAGE, MALFORMED_RESPONSE, MALFORMED_FUNCTION_CALL         | open: the model slipped          |
| UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS                     | open: the model slipped          |
| MISSING_THOUGHT_SIGNATURE, ESCALATION, PUP_LIMITED_DISABLED   | open: nothing about the picture  |
| FINISH_REASON_UNSPECIFIED                                     | open: it does not say            |

| `promptFeedback.blockReason`                                  | what it means here               |
|---------------------------------------------------------------|----------------------------------|
| SAFETY, IMAGE_SAFETY, BLOCKLIST, PROHIBITED_CONTENT           | final: about what was sent       |
| JAILBREAK, MODEL_ARMOR                                        | final: about what was sent       |
| OTHER, BLOCKED_REASON_UNSPECIFIED                             | declined: it does not say why    |

Sources: ai.google.dev/api/generate-content and cloud.google.com/vertex-ai/generative-ai/docs/
reference/rest/v1/GenerateContentResponse, as in the enums of google-genai 3.4.0, read 2026-11-29.
"""

from __future__ import annotations

from enum import StrEnum

from tierwise.gemini.reply import Reply


class Finish(StrEnum):
    """What a reply's reasons mean for its images."""

    ANSWER = "an answer"
    CUT_OFF = "cut off"
    FINAL = "final"
    DECLINED = "declined"
    OPEN = "open"


_ANSWERS = {"", "STOP"}
_CUT_OFF = {"MAX_TOKENS", "CONTINUATION"}
_FINAL = {
    *("SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"),
}
_DECLINED = {"RECITATION", "IMAGE_RECITATION"}
_FINAL_BLOCKS = {
    *("SAFETY", "IMAGE_SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "JAILBREAK", "MODEL_ARMOR"),
}


def finish_of(reply: Reply) -> Finish:
    """The tables of this module, applied to one reply."""
    if reply.block_reason:
        return Finish.FINAL if reply.block_reason in _FINAL_BLOCKS else Finish.DECLINED
    if reply.finish_reason in _CUT_OFF:
        return Finish.ANSWER if reply.picture else Finish.CUT_OFF  # only its words were cut
    if reply.finish_reason in _FINAL:
        return Finish.FINAL
    if reply.finish_reason in _DECLINED:
        return Finish.DECLINED
    if reply.finish_reason in _ANSWERS and (reply.picture or reply.text.strip()):
        return Finish.ANSWER
    return Finish.OPEN
