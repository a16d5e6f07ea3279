"""The table of tokens."""

import json
import unittest

from hallpass_verifier import Rejection, bearer, keyset, strict_json, token
from hallpass_verifier.rejection import DESCRIPTIONS

from . import vectors

TABLE = vectors.read("tokens.json")


def verdict(of, *args):
    """`ok`, or the reason of the refusal."""
    try:
        return "ok", of(*args)
    except Rejection as rejection:
        return rejection.reason, None


class Tokens(unittest.TestCase):
    def test_every_token_of_the_table_gets_its_verdict(self):
        keys = keyset.parse(json.dumps(TABLE["jwks"]).encode())
        self.assertEqual(len(keys), 3)
        policy = token.Policy(TABLE["issuer"], (TABLE["audience"],))
        for case in TABLE["tokens"]:
            with self.subTest(case["say"]):
                got, _ = verdict(token.verify, case["token"], keys, policy, case["now"])
                self.assertEqual(got, case["verdict"])

    def test_every_header_of_the_table_is_read_so(self):
        for case in TABLE["headers"]:
            with self.subTest(case["value"]):
                got = verdict(bearer.parse, case["value"])
                self.assertEqual(got, (case["verdict"], case["token"]))
        self.assertEqual(verdict(bearer.only, ["Bearer a", "Bearer b"])[0], "invalid_request")

    def test_callers_are_told_what_the_table_says(self):
        self.assertEqual({one["reason"] for one in TABLE["rejections"]}, set(DESCRIPTIONS))
        for one in TABLE["rejections"]:
            rejection = Rejection(one["reason"]).at("bo\"oks\r\n", ["a"])
            self.assertEqual((rejection.error, rejection.description),
                             (one["error"], one["description"]))
            if rejection.status == 503:
                self.assertIn(("Retry-After", "5"), rejection.headers)
                continue
            parts = ['realm="books"', 'scope="a"']
            if one["error"]:
                parts[1:1] = [f'error="{one["error"]}"',
                              f'error_description="{one["description"]}"']
            self.assertIn(("WWW-Authenticate", "Bearer " + ", ".join(parts)), rejection.headers)
            expected = {"invalid_request": 400, "insufficient_scope": 403}
            self.assertEqual(rejection.status, expected.get(one["error"], 401))

    def test_policies_that_are_no_protection_are_refused(self):
        for wrong in (
            {"issuer": ""},
            {"audiences": ()},
            {"audiences": ("/",)},
            {"algorithms": ()},
            {"algorithms": ("HS256",)},
            {"leeway_s": 301},
        ):
            good = {"issuer": "https://i.example", "audiences": ("a",)}
            with self.subTest(wrong), self.assertRaises(ValueError):
                token.Policy(**good | wrong)

    def test_json_is_read_strictly(self):
        for text in (
            b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"b":[{"a":1,"a":2}]}', b'{"a":NaN}',
            b'{"a":1e999}', b'{"a":"\\ud800"}', b'{"a":1}x', b"\xef\xbb\xbf{}", b'{"a":"\xff"}',
            b"[]", b"", b'{"a":' + b"[" * 100_000,
        ):
            with self.subTest(text[:20]), self.assertRaises(ValueError):
                strict_json.object_of(text)

    def test_only_usable_key_sets_are_taken_over(self):
        for text in (b"<html>", b"{}", b'{"keys":[]}', b'{"keys":{}}',
                     b'{"keys":[{"kty":"oct","kid":"x","k":"AA"}]}',
                     b'{"keys":[{"kty":["EC"],"crv":{}}]}'):
            with self.subTest(text), self.assertRaises(keyset.BadKeys):
                keyset.parse(text)
