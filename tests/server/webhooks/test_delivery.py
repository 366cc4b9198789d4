"""Events on their way out, to a real server: what arrives, how often, in which order, and what is on record of it."""

from __future__ import annotations

from tests.builders import booking
from tests.server.webhooks.conftest import Post, Receiver


async def test_a_booking_arrives_signed_at_whoever_wants_it(post: Post, receiver: Receiver) -> None:
    await post.endpoint(receiver, "session.*")
    await post.office.desk.book(booking())
    await post.all_out()
    (heard,) = receiver.heard
    ((id_, body),) = await post.office.rows("select id, body from outbox")
    assert (heard.id, heard.body.decode()) == (id_, body)
    assert heard.told["type"] == "session.booked"
    assert await post.deliveries() == [("delivered", 1)]
