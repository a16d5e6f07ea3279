"""The reader against an issuer that misbehaves, over real connections."""

import base64
import json
import os
import time
import unittest

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from hallpass_verifier import Rejection, Timing, Verifier
from hallpass_verifier.revocation import handle

from .unruly_issuer import UnrulyIssuer, beat, death, event

AUDIENCE = "https://api.example/books"
LATER = 2**40
QUICK = Timing(
    request_s=2, snapshot_s=2, stall_s=0.3, retry_first_s=0.01, retry_most_s=0.05,
    unknown_key_wait_s=2, start_s=2,
)


def new_key(kid):
    """A key, and its public half as a JWK."""
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return key, jwk | {"kid": kid}


class Follower(unittest.TestCase):
    def setUp(self):
        self.key, jwk = new_key("one")
        self.issuer = UnrulyIssuer({"keys": [jwk]})
        self.addCleanup(self.issuer.close)
        self.verifier = None

    def start(self, **options):
        options = {"timing": QUICK} | options
        self.verifier = Verifier(self.issuer.url, AUDIENCE, **options)
        self.addCleanup(self.verifier.close)
        return self.verifier

    def token(self, key=None, kid="one", **claims):
        now = int(time.time())
        good = {"iss": self.issuer.url, "aud": AUDIENCE, "sub": "reports", "scope": "books:read",
                "client_id": "reports", "jti": "t1", "iat": now, "exp": now + 600, "gen": 1}
        headers = {"typ": "at+jwt", "kid": kid}
        return jwt.encode(good | claims, key or self.key, "ES256", headers)

    def verdict(self, token=None, *scopes):
        try:
            self.verifier.check(f"Bearer {token or self.token()}", *scopes)
        except Rejection as rejection:
            return rejection.reason
        return "ok"

    def applied(self, seq):
        """Waits for an entry of the feed, and for the keys, which come by a way of their own."""
        self.assertTrue(self.verifier.wait_applied(seq, 10), self.verifier.status())
        self.assertTrue(self.verifier.wait_ready(5), self.verifier.status())

    def until(self, reason, within_s=5.0):
        """Waits for a verdict."""
        until = time.monotonic() + within_s
        while (got := self.verdict()) != reason:
            self.assertLess(time.monotonic(), until, f"still {got}: {self.verifier.status()}")
            time.sleep(0.005)

    def dead(self, seq):
        return death(seq, h=handle("reports"), until=LATER)

    def test_a_death_in_the_stream_is_heard_on_the_next_use(self):
        self.issuer.streams.put([beat(1), self.dead(2), beat(2)])
        self.start()
        self.applied(2)
        self.assertEqual(self.verdict(), "revoked")

    def test_the_cache_keeps_claims_and_never_the_verdict(self):
        self.start()
        self.assertTrue(self.verifier.wait_ready(5))
        token = self.token()
        self.assertEqual(self.verdict(token), "ok")
        self.assertEqual(self.verifier.status()["cached_tokens"], 1)
        self.assertEqual(self.verdict(token, "books:write"), "insufficient_scope")
        self.issuer.snapshot[2]["entries"].append({"t": handle("t1"), "until": LATER})
        self.issuer.snapshot[2]["seq"] = 2
        self.until("revoked")
        self.assertEqual(self.verdict(token), "revoked")

    def test_broken_streams_are_joined_again_where_they_were_left(self):
        for broken in (
            ["event: revocation\ndata: {\"h\":\"trunc\n\n"],
            ["event: revocation\ndata: {\"seq\":2"[:30], None],
            ["data: " + "x" * 300_000],
            [beat(1), None],
            [beat(1), event("heartbeat", seq=1, as_of="soon")],
        ):
            self.issuer.streams.put(broken)
        self.issuer.streams.put([self.dead(2), beat(2)])
        self.start()
        self.applied(2)
        self.assertEqual(self.verdict(), "revoked")
        self.assertGreaterEqual(self.issuer.asked.count("/revocations/stream?after=1"), 6)

    def test_numbers_that_come_twice_or_out_of_order(self):
        # 3 is dead, and comes again as alive under an old number: that must count for nothing.
        self.issuer.streams.put([
            beat(1), death(2, t=handle("t0"), until=LATER), self.dead(3),
            death(3, h=handle("reports"), until=1), death(2, h=handle("reports"), until=1),
            beat(3),
        ])
        self.start()
        self.applied(3)
        self.assertEqual(self.verdict(), "revoked")
        self.assertEqual(self.verifier.status()["feed"]["entries"], 2)

    def test_a_gap_is_filled_by_joining_again_or_by_the_snapshot(self):
        self.issuer.streams.put([beat(1), self.dead(4)])
        self.issuer.streams.put([beat(1), self.dead(4)])
        self.start()
        self.assertTrue(self.issuer.until_asked("/revocations/stream?after=1", 2))
        dead = {"h": handle("reports"), "until": LATER}
        self.issuer.snapshot = (200, {}, self.issuer.snapshot[2] | {"seq": 4, "entries": [dead]})
        self.applied(4)
        self.assertEqual(self.verdict(), "revoked")
        self.assertGreaterEqual(self.verifier.status()["feed"]["gaps"], 1)

    def test_reset_fetches_the_snapshot(self):
        self.issuer.streams.put([beat(1), event("reset", seq=9)])
        self.start()
        self.assertTrue(self.issuer.until_asked("/revocations", 2))

    def test_endless_streams_without_news_are_left(self):
        comments = self.issuer.drip(": still here\n\n")
        standing = self.issuer.drip(beat(1, 1_000_000_000))
        half_a_line = self.issuer.drip("x")
        for endless in (comments, standing, half_a_line):
            self.issuer.streams.put([beat(1), endless])
        self.start()
        self.assertTrue(self.issuer.until_asked("/revocations/stream?after=1", 4))

    def test_a_head_that_drips_is_left(self):
        slow = Timing(request_s=0.3, stall_s=0.3, retry_first_s=0.01, retry_most_s=0.05)
        self.issuer.lies["/revocations"] = (200, {"Content-Length": "100"}, b"{")
        self.start(timing=slow)
        self.assertTrue(self.issuer.until_asked("/revocations", 3))
        self.assertEqual(self.verdict(), "unavailable")

    def test_snapshots_that_are_none_are_not_taken_over(self):
        self.start()
        self.assertTrue(self.verifier.wait_ready(5))
        self.issuer.streams.put([event("reset", seq=9)])
        good = self.issuer.snapshot
        for wrong in (b"<html>", b'{"seq":7', b'{"seq":7,"as_of":1}', b"[" * 100_000):
            self.issuer.snapshot = (200, {}, wrong)
            before = self.issuer.asked.count("/revocations")
            self.issuer.streams.put([None])
            self.assertTrue(self.issuer.until_asked("/revocations", before + 2), wrong[:20])
            self.assertEqual(self.verdict(), "ok")
            self.issuer.snapshot = good

    def test_a_new_key_is_fetched_once_for_all(self):
        self.start()
        self.assertTrue(self.verifier.wait_ready(5))
        key, jwk = new_key("two")
        keys = json.loads(self.issuer.jwks)["keys"]
        self.issuer.jwks = json.dumps({"keys": [*keys, jwk]}).encode()
        before = self.verifier.status()["key_fetches"]
        self.assertEqual(self.verdict(self.token(key, "two")), "ok")
        self.assertEqual(self.verifier.status()["key_fetches"], before + 1)
        for number in range(20):
            self.assertEqual(self.verdict(self.token(key, f"k{number}")), "unknown_key")
        self.assertLessEqual(self.verifier.status()["key_fetches"], before + 4)

    def test_metadata_that_name_another_issuer_are_never_believed(self):
        told = {"issuer": "https://evil.example", "jwks_uri": f"{self.issuer.url}/jwks"}
        path = "/.well-known/oauth-authorization-server"
        self.issuer.lies[path] = (200, {}, json.dumps(told).encode())
        self.start()
        self.assertTrue(self.issuer.until_asked(path, 3))
        self.assertEqual(self.verdict(), "unavailable")
        self.assertEqual(self.issuer.asked.count("/jwks"), 0)
        del self.issuer.lies[path]
        self.until("ok")

    def test_redirects_are_not_followed(self):
        path = "/.well-known/oauth-authorization-server"
        self.issuer.lies[path] = (302, {"Location": f"{self.issuer.url}/elsewhere"}, b"")
        self.start()
        self.assertTrue(self.issuer.until_asked(path, 2))
        self.assertNotIn("/elsewhere", self.issuer.asked)

    def test_without_a_feed_tokens_live_unless_one_is_required(self):
        told = {"issuer": self.issuer.url, "jwks_uri": f"{self.issuer.url}/jwks"}
        path = "/.well-known/oauth-authorization-server"
        self.issuer.lies[path] = (200, {}, json.dumps(told).encode())
        self.start()
        self.until("ok")
        self.verifier.close()
        self.start(revocations="required")
        self.until("unavailable")

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_worker_follows_by_itself(self):
        self.start()
        self.assertTrue(self.verifier.wait_ready(5))
        self.issuer.snapshot[2]["entries"].append({"t": handle("t1"), "until": LATER})
        worker = os.fork()
        if worker == 0:
            heard = self.verifier.wait_ready(5) and self.verdict() == "revoked"
            os._exit(0 if heard else 1)
        self.assertEqual(os.waitpid(worker, 0)[1], 0)
        self.assertEqual(self.verdict(), "ok", "the parent's stream goes on")

    def test_only_https_is_asked_but_on_this_machine(self):
        for issuer in ("http://issuer.example", "ftp://issuer.example", "https://u@i.example",
                       "https://i.example/?a", "https://i.example/#a", "issuer"):
            with self.subTest(issuer), self.assertRaises(ValueError):
                Verifier(issuer, AUDIENCE)
        for wrong in ({"max_staleness_s": 4}, {"when_stale": "open"}, {"revocations": "on"}):
            with self.subTest(wrong), self.assertRaises(ValueError):
                Verifier(self.issuer.url, AUDIENCE, **wrong)

    def test_unsigned_tokens_are_malformed_also_without_keys(self):
        self.issuer.lies["/jwks"] = (503, {}, b"")
        self.start()
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        self.assertEqual(self.verdict(f"{none}.e30.AA"), "wrong_algorithm")
        self.assertEqual(self.verdict("abc"), "malformed")
        self.assertEqual(self.verdict(), "unavailable")
