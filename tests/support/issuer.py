"""An OpenID Connect issuer on loopback: discovery, keys that can be exchanged, tokens it signs."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

AUDIENCE = "davserver-test"


class Issuer:
    """A running issuer. ``fetched`` counts how often its keys were asked for; ``is_down`` lets it answer 503.

    ``asked`` is set when somebody asks; no answer is given until ``may_answer`` is.
    """

    def __init__(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realm"
        self.keys: dict[str, Any] = {}
        self.fetched = 0
        self.is_down = False
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.rotate("one")
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def rotate(self, key_id: str) -> None:
        """Sign with another key from now on, and publish that one alone."""
        self.keys = {key_id: generate_private_key(SECP256R1())}

    def token(self, name: str, *, key: Any = None, headers: dict[str, Any] | None = None, **claims: object) -> str:
        """Sign a token; a claim of None is left out."""
        key_id, own = next(iter(self.keys.items()))
        all_claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "exp": time.time() + 600,
            "preferred_username": name,
            "groups": [],
            **claims,
        }
        given = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(given, key or own, algorithm="ES256", headers={"kid": key_id, **(headers or {})})

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request for the configuration or the keys."""
        documents = {
            "/realm/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": self.url + "/keys"},
            "/realm/keys": {
                "keys": [
                    {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"}
                    for key_id, key in self.keys.items()
                ]
            },
        }
        self.asked.set()
        self.may_answer.wait(60)
        self.fetched += handler.path == "/realm/keys"
        body = json.dumps(documents.get(handler.path, {})).encode()
        handler.send_response(503 if self.is_down else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
