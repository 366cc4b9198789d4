"""Signatures, held to the two public libraries that receivers verify with."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from server.webhooks import signature

BODY = '{"type":"session.booked","data":{"name":"Zoë 🙂"}}'.encode()
NODE = Path(__file__).with_name("verify.mjs")


def test_a_receiver_with_the_secret_takes_it_and_no_other() -> None:
    secret, other = signature.new_secret(), signature.new_secret()
    headers = signature.headers("evt-1", int(time.time()), BODY, [secret])
    assert Webhook(signature.shown(secret)).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(signature.shown(other)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signature.shown(secret)).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signature.shown(secret)).verify(BODY, {**headers, "webhook-id": "evt-2"})


def test_while_a_secret_is_exchanged_either_will_do() -> None:
    new, old = signature.new_secret(), signature.new_secret()
    headers = signature.headers("evt-1", int(time.time()), BODY, [new, old])
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        Webhook(signature.shown(secret)).verify(BODY, headers)


def test_a_secret_is_32_random_bytes_and_says_what_it_is() -> None:
    made = {signature.shown(signature.new_secret()) for _ in range(100)}
    assert len(made) == 100
    assert all(each.startswith("whsec_") and len(each) == 6 + 44 for each in made)


def test_the_library_for_node_takes_them_too() -> None:
    secret, other = signature.new_secret(), signature.new_secret()
    at = int(time.time())
    cases = [
        {"secret": signature.shown(key), "headers": signature.headers(id_, at, BODY, keys), "body": BODY.decode()}
        for id_, key, keys in (("a", secret, [secret]), ("b", secret, [other, secret]), ("c", secret, [other]))
    ]
    done = subprocess.run(["node", NODE], input=json.dumps(cases), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False]
