"""The vectors of the revocation feed."""

import json
import unittest

from hallpass_verifier.knowledge import Choice, Knowledge, Step
from hallpass_verifier.revocation import Dead, NotUnderstood, handle
from hallpass_verifier.sse import Event, SseReader, Unreadable
from hallpass_verifier.token import Claims

from . import vectors
from .manual_clock import ManualClock

FEED = vectors.read("feed.json")


def claims(token):
    """A token of the vectors."""
    return Claims(
        kid=token["kid"], iss="i", aud=("a",), sub="s", client_id=token["client_id"],
        jti=token["jti"], iat=token["iat"], exp=2**40, nbf=0, scopes=(),
        generation=token.get("gen"), organization=token.get("org"), raw={},
    )


class Vectors(unittest.TestCase):
    def test_handles(self):
        for one in FEED["handles"]:
            self.assertEqual(handle(one["of"]), one["handle"])

    def test_every_verdict_after_every_step(self):
        dead, checks = Dead(), 0
        for step in FEED["steps"]:
            if "replace" in step:
                dead = Dead()
            for entry in step.get("replace", {}).get("entries", []):
                dead.apply(entry)
            if "apply" in step:
                dead.apply(step["apply"])
            for check in step["checks"]:
                got = dead.verdict(claims(check["token"]), check["now"])
                self.assertEqual(got, check["verdict"], (step["say"], check))
                checks += 1
        self.assertGreater(checks, 20)

    def test_what_is_not_understood_is_never_half_applied(self):
        for one in FEED["not_understood"]:
            dead = Dead()
            with self.subTest(one), self.assertRaises(NotUnderstood):
                dead.apply(one["entry"])
            self.assertEqual(len(dead), 0)

    def test_the_stream_is_read_in_pieces_of_any_size(self):
        text = FEED["stream"]["text"].encode()
        expected = [
            (one["event"], one["seq"],
             one.get("entry") or {k: v for k, v in one.items() if k == "as_of"})
            for one in FEED["stream"]["events"]
        ]
        for size in (*range(1, 40), len(text)):
            reader = SseReader()
            pieces = [text[at:at + size] for at in range(0, len(text), size)]
            got = [event for piece in pieces for event in reader.push(piece)]
            self.assertEqual([(e.name, e.seq, e.members) for e in got], expected, size)

    def test_what_cannot_be_read_ends_the_stream(self):
        for text in (b"event: heartbeat\ndata: {\n\n", b"event: reset\ndata: {}\n\n",
                     b'event: reset\ndata: {"seq":1,"seq":1}\n\n',
                     b'event: heartbeat\ndata: {"seq":1}\n\n', b"data: " + b"x" * 300_000):
            with self.subTest(text[:30]), self.assertRaises(Unreadable):
                list(SseReader().push(text))


class StateMachine(unittest.TestCase):
    """The table of docs/feed.md."""

    def setUp(self):
        self.clock = ManualClock(1_000_000)
        self.known = Knowledge(Choice(max_staleness_s=10), self.clock)
        self.known.offered("https://i.example/revocations")
        self.adopt(5, 1_000_000)
        self.known.connected()

    def adopt(self, seq, as_of, entries=(), confirmed=None):
        snapshot = {"seq": seq, "as_of": as_of, "entries": list(entries)}
        self.known.adopt(json.dumps(snapshot).encode(), confirmed)

    def beat(self, seq, as_of):
        return self.known.read(Event("heartbeat", seq, {"as_of": as_of}))

    def death(self, seq, **entry):
        return self.known.read(Event("revocation", seq, entry or {"k": "x", "until": 2**40}))

    def test_events_move_it_as_the_table_says(self):
        self.assertIs(self.death(5), Step.NOTHING)
        self.assertIs(self.death(7), Step.GAP)
        self.assertIs(self.death(6), Step.NEWS)
        self.assertIs(self.death(6), Step.NOTHING)
        self.assertEqual((self.known.applied, len(self.known)), (6, 1))
        self.assertIs(self.beat(8, 1_000_002), Step.NOTHING, "the first may be forgiven")
        self.assertIs(self.beat(8, 1_000_003), Step.GAP)
        self.assertIs(self.beat(6, 1_000_003), Step.NEWS)
        self.assertIs(self.beat(6, 1_000_003), Step.NOTHING)
        self.assertIs(self.beat(4, 1_000_009), Step.START_OVER)
        self.assertEqual(self.known.as_of_s, 1_000_003)
        self.assertIs(self.known.read(Event("reset", 6, {})), Step.START_OVER)

    def test_blind_from_the_fifth_second_and_stale_after_the_chosen_one(self):
        for passed_s, blind, stale in ((4, False, False), (1, True, False), (5, True, False),
                                       (1, True, True)):
            self.clock.advance(passed_s)
            self.assertEqual((self.known.blind, self.known.stale), (blind, stale))
        self.beat(5, 1_000_011)
        self.assertEqual((self.known.blind, self.known.stale), (False, False))

    def test_neither_clock_alone_is_believed(self):
        self.clock.jump(-1_000)
        self.clock.advance(11)
        self.assertTrue(self.known.stale, "the wall clock was set back")
        self.beat(5, 999_011)
        self.assertTrue(self.known.stale, "an earlier as_of is no news")
        self.clock.jump(1_000)
        self.beat(5, 1_000_011)
        self.assertFalse(self.known.blind)
        self.clock.jump(20)
        self.assertTrue(self.known.stale, "the wall clock was set forward")

    def test_the_future_buys_no_freshness(self):
        self.assertIs(self.beat(5, 1_000_000 + 301), Step.ALIVE)
        self.assertEqual(self.known.as_of_s, 1_000_000)
        self.assertIs(self.beat(5, 1_000_000 + 300), Step.NEWS)

    def test_what_is_not_understood_is_stepped_over_and_blinds(self):
        self.assertIs(self.death(6, new="kind", until=1), Step.NEWS)
        self.assertIs(self.beat(6, 1_000_001), Step.ALIVE)
        self.assertEqual((self.known.applied, self.known.blind), (6, True))
        self.adopt(6, 1_000_001, [{"new": "kind", "until": 1}, {"k": "y", "until": 2**40}])
        self.assertTrue(self.known.blind)
        self.assertEqual(len(self.known), 1, "the others are taken over")
        self.adopt(6, 1_000_001)
        self.assertFalse(self.known.blind)

    def test_a_node_that_is_behind_is_not_believed_but_a_restored_one_is(self):
        self.clock.advance(10)
        for seq, as_of, good in ((4, 1_000_005, False), (4, 1_000_010, False),
                                 (4, 1_000_400, False), (4, 1_000_011, True)):
            with self.subTest(as_of):
                if good:
                    self.adopt(seq, as_of)
                    continue
                with self.assertRaises(Exception, msg="older"):
                    self.adopt(seq, as_of)
        self.assertEqual(self.known.applied, 4)

    def test_the_header_counts_more_than_an_old_body(self):
        self.adopt(5, 999_000, confirmed=1_000_003)
        self.assertEqual(self.known.as_of_s, 1_000_003)
