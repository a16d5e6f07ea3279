package verifier

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"
)

const (
	blindAfter    = 5 * time.Second
	aheadMostS    = 300
	setBackAfterS = 10
)

// What the operator can choose.
const (
	FailClosed = "fail_closed"
	FailOpen   = "fail_open"
	IfOffered  = "if_offered"
	Required   = "required"
	Off        = "off"
)

type choice struct {
	revocations  string
	whenStale    string
	maxStaleness time.Duration
}

// check refuses what cannot work.
func (c choice) check() error {
	switch c.revocations {
	case IfOffered, Required, Off:
	default:
		return fmt.Errorf("Revocations: expected %s, %s or %s", IfOffered, Required, Off)
	}
	if c.whenStale != FailClosed && c.whenStale != FailOpen {
		return fmt.Errorf("WhenStale: expected %s or %s", FailClosed, FailOpen)
	}
	if c.maxStaleness < blindAfter {
		return errors.New("MaxStaleness: at least 5 s, since heartbeats come every 2 s")
	}
	return nil
}

// step is what the reader does next.
type step int

const (
	stepNothing   step = iota // Go on: the event brought nothing new.
	stepAlive                 // Go on: the node is alive, but nothing became known.
	stepNews                  // Go on: something became known.
	stepGap                   // Join the stream again.
	stepStartOver             // Fetch the snapshot.
)

// knowledge is what the reader of the feed knows, and how fresh that is (docs/feed.md, "The reader"
// and "Freshness"). It does no I/O: events and snapshots come in, verdicts go out.
type knowledge struct {
	choice choice
	clock  Clock
	log    *slog.Logger
	changes

	mu            sync.RWMutex
	dead          dead
	uri           string
	asked         bool
	hasApplied    bool
	applied       uint64
	asOfS         int64
	movedAt       time.Duration
	appliedAtS    int64
	notUnderstood int
	greeted       bool
	// The latest as_of of this connection, whether it was believed or not.
	newestS int64
}

func newKnowledge(choice choice, clock Clock, log *slog.Logger) *knowledge {
	return &knowledge{choice: choice, clock: clock, log: log, dead: dead{}}
}

// write changes something, and tells those who wait.
func (k *knowledge) write(change func()) {
	k.mu.Lock()
	change()
	k.mu.Unlock()
	k.tell()
}

// read looks at something.
func read[T any](k *knowledge, look func() T) T {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return look()
}

// offered is what the metadata say. A feed that was known is not given up.
func (k *knowledge) offered(uri string) {
	k.write(func() {
		if uri == "" && k.uri != "" {
			k.log.Warn("The issuer's metadata no longer name its revocation feed: kept")
			return
		}
		if uri == "" && !k.asked && k.choice.revocations != Off {
			k.log.Warn("The issuer offers no revocation feed: tokens live until they expire")
		}
		k.uri, k.asked = uri, true
	})
}

// judge rejects a token that is dead, or of which that is not known freshly enough.
func (k *knowledge) judge(claims *Claims, nowS int64) *Rejection {
	if k.choice.revocations == Off {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.uri == "" {
		if k.choice.revocations == IfOffered {
			return nil
		}
		return reject("unavailable", "the issuer offers no revocation feed")
	}
	if death := k.dead.verdict(claims, nowS); death != "" {
		return reject("revoked", death)
	}
	if k.choice.whenStale == FailClosed && k.staleness() > k.choice.maxStaleness {
		return reject("unavailable", "revocations are not known freshly enough")
	}
	return nil
}

// staleness is the larger of two ages, since clocks may be wrong. For ever before the first
// snapshot. The caller holds the lock.
func (k *knowledge) staleness() time.Duration {
	if k.asOfS == 0 {
		return math.MaxInt64
	}
	age := time.Duration(k.clock.Unix()-k.asOfS) * time.Second
	return max(age, k.clock.Monotonic()-k.movedAt)
}

// isBlind is whether a death could have been missed.
func (k *knowledge) isBlind() bool {
	return read(k, func() bool { return k.staleness() >= blindAfter || k.notUnderstood > 0 })
}

// isStale is whether that has lasted for longer than was chosen.
func (k *knowledge) isStale() bool {
	return read(k, func() bool { return k.staleness() > k.choice.maxStaleness })
}

// isReady is whether tokens can be judged.
func (k *knowledge) isReady() bool {
	if k.choice.revocations == Off {
		return true
	}
	return read(k, func() bool {
		if k.uri == "" {
			return k.asked && k.choice.revocations == IfOffered
		}
		return k.choice.whenStale == FailOpen || k.staleness() <= k.choice.maxStaleness
	})
}

func (k *knowledge) feedURI() string { return read(k, func() string { return k.uri }) }

// place is the number of the last entry that is applied, if there is any.
func (k *knowledge) place() (applied uint64, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.applied, k.hasApplied
}

func (k *knowledge) prune() { k.write(func() { k.dead.prune(k.clock.Unix()) }) }

// connected begins a stream; its first heartbeat may be ahead of what was missed.
func (k *knowledge) connected() { k.write(func() { k.greeted, k.newestS = false, 0 }) }

// take takes over an event of the stream.
func (k *knowledge) take(e event) (next step) {
	k.write(func() {
		switch e.name {
		case "reset":
			next = stepStartOver
		case "revocation":
			next = k.takeRevocation(e)
		default:
			next = k.takeHeartbeat(e)
		}
	})
	return next
}

func (k *knowledge) takeRevocation(e event) step {
	if e.seq <= k.applied {
		return stepNothing
	}
	if e.seq > k.applied+1 {
		return stepGap
	}
	if err := k.dead.apply(e.members); err != nil {
		k.log.Error("The feed has an entry that this version cannot read", "feed.seq", e.seq, "error", err)
		k.notUnderstood++
	}
	k.appliedAtS, k.applied, k.hasApplied = k.clock.Unix(), e.seq, true
	return stepNews
}

func (k *knowledge) takeHeartbeat(e event) step {
	greeted := k.greeted
	k.greeted = true
	switch {
	case e.seq < k.applied:
		return stepStartOver
	case e.seq > k.applied && greeted:
		return stepGap
	case e.seq > k.applied:
		return stepNothing
	}
	isLater := e.asOfS > k.newestS
	k.newestS = max(e.asOfS, k.newestS)
	if k.notUnderstood == 0 && k.move(e.asOfS) {
		return stepNews
	}
	if isLater {
		return stepAlive
	}
	return stepNothing
}

// fresh says that nothing is missing up to this time, and returns whether that is news.
func (k *knowledge) fresh(asOfS int64) (news bool) {
	k.write(func() { news = k.notUnderstood == 0 && k.move(asOfS) })
	return news
}

// adopt takes over a snapshot; confirmedS is its hallpass-as-of, if there is one.
func (k *knowledge) adopt(document []byte, confirmedS *int64) (err error) {
	seq, asOfS, entries, err := readSnapshot(document)
	if err != nil {
		return err
	}
	if confirmedS != nil {
		asOfS = *confirmedS
	}
	made, bad := dead{}, 0
	for _, one := range entries {
		object, _ := one.(members)
		if err := made.apply(object); err != nil {
			k.log.Error("The feed has an entry that this version cannot read", "error", err)
			bad++
		}
	}
	k.write(func() {
		if k.hasApplied && seq < k.applied {
			knownUntilS := max(k.appliedAtS, k.asOfS)
			if asOfS <= knownUntilS+setBackAfterS || k.isAhead(asOfS) {
				err = fmt.Errorf("the snapshot is of %d, older than the %d that is applied", seq, k.applied)
				return
			}
			k.log.Warn("The issuer's feed was set back", "feed.seq", seq, "feed.seq_before", k.applied)
		}
		k.dead, k.notUnderstood = made, bad
		k.appliedAtS, k.applied, k.hasApplied = k.clock.Unix(), seq, true
		if bad == 0 || k.asOfS == 0 {
			k.move(asOfS)
		}
	})
	return err
}

// move says whether that time was news. The caller holds the lock.
func (k *knowledge) move(asOfS int64) bool {
	if k.isAhead(asOfS) {
		k.log.Warn("The feed is from the future: not believed", "feed.as_of", asOfS)
		return false
	}
	if asOfS <= k.asOfS {
		return false
	}
	k.movedAt, k.asOfS = k.clock.Monotonic(), asOfS
	return true
}

func (k *knowledge) isAhead(asOfS int64) bool { return asOfS > k.clock.Unix()+aheadMostS }

func readSnapshot(document []byte) (seq uint64, asOfS int64, entries []any, err error) {
	object, err := parseObject(document)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("not a revocation snapshot: %w", err)
	}
	seq, hasSeq := whole(object["seq"])
	asOf, hasAsOf := whole(object["as_of"])
	entries, hasEntries := object["entries"].([]any)
	if !hasSeq || !hasAsOf || !hasEntries {
		return 0, 0, nil, errors.New("not a revocation snapshot")
	}
	return seq, int64(min(asOf, latestS)), entries, nil
}
