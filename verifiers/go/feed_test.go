package verifier

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

type feedVectors struct {
	Handles []struct{ Of, Handle string }
	Steps   []struct {
		Say     string
		Apply   json.RawMessage
		Replace *struct{ Entries []json.RawMessage }
		Checks  []struct {
			Now     int64
			Verdict *string
			Token   struct {
				ClientID string `json:"client_id"`
				Jti, Kid string
				Org      string
				Gen      *uint32
				Iat      int64
			}
		}
	}
	NotUnderstood []struct{ Entry json.RawMessage } `json:"not_understood"`
	Stream        struct {
		Text   string
		Events []struct {
			Event string
			Seq   uint64
			AsOf  int64 `json:"as_of"`
			Entry json.RawMessage
		}
	}
}

func feed(t *testing.T) (read feedVectors) {
	vectors(t, "feed.json", &read)
	return read
}

func TestHandles(t *testing.T) {
	for _, one := range feed(t).Handles {
		equal(t, one.Of, handle(one.Of), one.Handle)
	}
}

func TestEveryVerdictAfterEveryStep(t *testing.T) {
	known, checks := dead{}, 0
	apply := func(entry json.RawMessage) {
		if err := known.apply(object(t, entry)); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range feed(t).Steps {
		if one.Replace != nil {
			known = dead{}
			for _, entry := range one.Replace.Entries {
				apply(entry)
			}
		}
		if one.Apply != nil {
			apply(one.Apply)
		}
		for _, check := range one.Checks {
			token := check.Token
			claims := &Claims{ClientID: token.ClientID, TokenID: token.Jti, KeyID: token.Kid,
				Organization: token.Org, IssuedAt: token.Iat}
			if token.Gen != nil {
				claims.Generation, claims.HasGeneration = *token.Gen, true
			}
			wanted := ""
			if check.Verdict != nil {
				wanted = *check.Verdict
			}
			equal(t, fmt.Sprintf("%s %+v", one.Say, check.Token), known.verdict(claims, check.Now), wanted)
			checks++
		}
	}
	if checks < 20 {
		t.Error("few checks")
	}
}

func TestWhatIsNotUnderstoodIsNeverHalfApplied(t *testing.T) {
	for _, one := range feed(t).NotUnderstood {
		known := dead{}
		read, err := parseObject(one.Entry)
		if err == nil {
			err = known.apply(read)
		}
		if err == nil || len(known) != 0 {
			t.Errorf("%s", one.Entry)
		}
	}
}

func TestTheStreamIsReadInPiecesOfAnySize(t *testing.T) {
	stream := feed(t).Stream
	var wanted []event
	for _, one := range stream.Events {
		made := event{name: one.Event, seq: one.Seq, asOfS: one.AsOf, members: members{}}
		if one.Entry != nil {
			made.members = object(t, one.Entry)
		} else if one.AsOf != 0 {
			made.members["as_of"] = json.Number(fmt.Sprint(one.AsOf))
		}
		wanted = append(wanted, made)
	}
	for size := 1; size <= len(stream.Text); size++ {
		var reader sseReader
		var got []event
		for rest := []byte(stream.Text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			events, err := reader.push(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, events...)
		}
		if !reflect.DeepEqual(got, wanted) {
			t.Fatalf("in pieces of %d: %+v", size, got)
		}
	}
}

func TestWhatCannotBeReadEndsTheStream(t *testing.T) {
	for _, text := range []string{
		"event: heartbeat\ndata: {\n\n", "event: reset\ndata: {}\n\n",
		"event: reset\ndata: {\"seq\":1,\"seq\":1}\n\n", "event: heartbeat\ndata: {\"seq\":1}\n\n",
		"data: " + strings.Repeat("x", 300_000),
	} {
		var reader sseReader
		if _, err := reader.push([]byte(text)); err == nil {
			t.Errorf("%.30s", text)
		}
	}
}

// state is a reader of which the table of docs/feed.md tells.
type state struct {
	*testing.T
	*knowledge
	clock *manualClock
}

func newState(t *testing.T) state {
	clock := &manualClock{unixS: 1_000_000}
	k := newKnowledge(choice{IfOffered, FailClosed, 10 * time.Second}, clock, silent)
	k.offered("https://i.example/revocations")
	s := state{t, k, clock}
	s.mustAdopt(5, 1_000_000, "")
	k.connected()
	return s
}

func (s state) snapshot(seq, asOfS int64, entries string) error {
	return s.adopt(fmt.Appendf(nil, `{"seq":%d,"as_of":%d,"entries":[%s]}`, seq, asOfS, entries), nil)
}

func (s state) mustAdopt(seq, asOfS int64, entries string) {
	s.Helper()
	if err := s.snapshot(seq, asOfS, entries); err != nil {
		s.Fatal(err)
	}
}

func (s state) beat(seq uint64, asOfS int64, wanted step) {
	s.Helper()
	equal(s.T, "step", s.take(event{name: "heartbeat", seq: seq, asOfS: asOfS}), wanted)
}

func (s state) death(seq uint64, entry string, wanted step) {
	s.Helper()
	e := event{name: "revocation", seq: seq, members: object(s.T, []byte(entry))}
	equal(s.T, "step", s.take(e), wanted)
}

func (s state) sees(blind, stale bool) {
	s.Helper()
	equal(s.T, "blind", s.isBlind(), blind)
	equal(s.T, "stale", s.isStale(), stale)
}

const aDeath = `{"k":"x","until":1099511627776}`

func TestEventsMoveItAsTheTableSays(t *testing.T) {
	s := newState(t)
	s.death(5, aDeath, stepNothing)
	s.death(7, aDeath, stepGap)
	s.death(6, aDeath, stepNews)
	s.death(6, aDeath, stepNothing)
	equal(t, "applied", s.applied, 6)
	s.beat(8, 1_000_002, stepNothing) // The first may be forgiven.
	s.beat(8, 1_000_003, stepGap)
	s.beat(6, 1_000_003, stepNews)
	s.beat(6, 1_000_003, stepNothing)
	s.beat(4, 1_000_009, stepStartOver)
	equal(t, "as_of", s.asOfS, 1_000_003)
	equal(t, "reset", s.take(event{name: "reset", seq: 6}), stepStartOver)
}

func TestBlindFromTheFifthSecondAndStaleAfterTheChosenOne(t *testing.T) {
	s := newState(t)
	for _, one := range []struct {
		passedS      int64
		blind, stale bool
	}{{4, false, false}, {1, true, false}, {5, true, false}, {1, true, true}} {
		s.clock.advance(one.passedS)
		s.sees(one.blind, one.stale)
	}
	s.beat(5, 1_000_011, stepNews)
	s.sees(false, false)
}

func TestNeitherClockAloneIsBelieved(t *testing.T) {
	s := newState(t)
	s.clock.jump(-1_000)
	s.clock.advance(11)
	s.sees(true, true) // The wall clock was set back.
	s.beat(5, 999_011, stepAlive)
	s.sees(true, true) // An earlier as_of is no news.
	s.clock.jump(1_000)
	s.beat(5, 1_000_011, stepNews)
	s.sees(false, false)
	s.clock.jump(20)
	s.sees(true, true) // The wall clock was set forward.
}

func TestTheFutureBuysNoFreshness(t *testing.T) {
	s := newState(t)
	s.beat(5, 1_000_301, stepAlive)
	equal(t, "as_of", s.asOfS, 1_000_000)
	s.beat(5, 1_000_300, stepNews)
}

func TestWhatIsNotUnderstoodIsSteppedOverAndBlinds(t *testing.T) {
	s := newState(t)
	s.death(6, `{"new":"kind","until":1}`, stepNews)
	s.beat(6, 1_000_001, stepAlive)
	equal(t, "applied", s.applied, 6)
	s.sees(true, false)
	s.mustAdopt(6, 1_000_001, `{"new":"kind","until":1},null,`+aDeath)
	s.sees(true, false)
	equal(t, "entries", len(s.dead), 1) // The others are taken over.
	s.mustAdopt(6, 1_000_001, "")
	s.sees(false, false)
}

func TestANodeThatIsBehindIsNotBelievedButARestoredOneIs(t *testing.T) {
	s := newState(t)
	s.clock.advance(10)
	for _, asOfS := range []int64{1_000_005, 1_000_010, 1_000_400} {
		if s.snapshot(4, asOfS, "") == nil {
			t.Errorf("taken over as of %d", asOfS)
		}
	}
	s.mustAdopt(4, 1_000_011, "")
	equal(t, "applied", s.applied, 4)
}

func TestTheHeaderCountsMoreThanAnOldBody(t *testing.T) {
	s := newState(t)
	confirmedS := int64(1_000_003)
	if err := s.adopt([]byte(`{"seq":5,"as_of":999000,"entries":[]}`), &confirmedS); err != nil {
		t.Fatal(err)
	}
	equal(t, "as_of", s.asOfS, confirmedS)
}
