import io

from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import ImageError
from tierwise.images.isolated.messages import (
    HelperReply,
    Request,
    read_reply,
    read_request,
    write_reply,
    write_request,
)
from tierwise.images.limits import Limits
from tierwise.images.picture import Features, Picture
from tierwise.records import ImageSettings, Reason

SETTINGS = st.builds(
    ImageSettings,
    max_side=st.integers(1, 9999),
    quality=st.integers(1, 100),
    frames=st.one_of(st.sampled_from(["first", "middle"]), st.integers(1, 99)),
)
REQUESTS = st.builds(
    Request,
    data=st.binary(),
    name=st.text(),
    page=st.integers(1, 99),
    settings=st.lists(SETTINGS).map(tuple),
    limits=st.builds(Limits, seconds=st.floats(0.1, 99)),
)
PICTURES = st.builds(
    Picture,
    data=st.binary(),
    milliseconds=st.floats(0, 1e6),
    features=st.one_of(
        st.none(),
        st.builds(
            Features,
            sharpness=st.floats(0, 255),
            text_texture=st.floats(0, 1),
            flat=st.floats(0, 1),
            dominant_colours=st.lists(st.text()).map(tuple),
        ),
    ),
)
REPLIES = st.one_of(
    st.integers(),
    st.lists(PICTURES, min_size=1),
    st.builds(ImageError, st.sampled_from(Reason), st.text()),
)


@given(REQUESTS)
def test_requests_arrive_as_sent(request_sent: Request) -> None:
    stream = io.BytesIO()
    write_request(stream, request_sent)
    stream.seek(0)
    assert read_request(stream) == request_sent
    assert read_request(stream) is None


@given(REPLIES)
def test_replies_arrive_as_sent(reply: HelperReply) -> None:
    stream = io.BytesIO()
    write_reply(stream, reply)
    stream.seek(0)
    got = read_reply(stream)
    if isinstance(reply, ImageError):
        assert isinstance(got, ImageError)
        assert (got.reason, got.message) == (reply.reason, reply.message)
    else:
        assert got == reply


@given(REPLIES, st.floats(0, 1, exclude_max=True))
def test_half_a_reply_means_that_the_helper_died(reply: HelperReply, share: float) -> None:
    stream = io.BytesIO()
    write_reply(stream, reply)
    whole = stream.getvalue()
    assert read_reply(io.BytesIO(whole[: int(share * len(whole))])) is None
