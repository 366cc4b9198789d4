"""A webhook receiver: pip install standardwebhooks; WEBHOOK_SECRET=whsec_… python receiver.py"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook

WEBHOOK = Webhook(os.environ["WEBHOOK_SECRET"])
SEEN = set()  # in earnest: a column with a unique index, written in the transaction of what you do


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1_000_000))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = WEBHOOK.verify(body, headers)  # over the bytes as they came; older than five minutes: refused
        except Exception:  # whatever is wrong with it, it is not ours
            return self.answer(401)
        if headers["webhook-id"] not in SEEN:  # it comes again until it is taken, and sometimes after
            SEEN.add(headers["webhook-id"])
            print(event["type"], event["sequence"], event["data"].get("session", {}).get("id", ""), flush=True)
        return self.answer(204)  # soon: do what takes long elsewhere

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8888"))), Receiver).serve_forever()
