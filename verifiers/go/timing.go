package verifier

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Clock tells the time on two scales; a test brings another than the machine's.
type Clock interface {
	// Unix is in seconds since 1970. May jump.
	Unix() int64
	// Monotonic is the time since an arbitrary start. Never jumps.
	Monotonic() time.Duration
}

type systemClock struct{ start time.Time }

func (c systemClock) Unix() int64              { return time.Now().Unix() }
func (c systemClock) Monotonic() time.Duration { return time.Since(c.start) }

// Timing are limits of patience with the issuer. How long a token or the feed is believed is never
// decided here.
type Timing struct {
	Request  time.Duration
	Snapshot time.Duration
	// A stream that brings nothing new for this long is given up.
	Stall          time.Duration
	RetryFirst     time.Duration
	RetryMost      time.Duration
	UnknownKeyWait time.Duration
	// Between two fetches that unknown keys cause, once three have been used up.
	UnknownKeyApart time.Duration
}

func defaultTiming() Timing {
	return Timing{
		Request:         10 * time.Second,
		Snapshot:        time.Minute,
		Stall:           5 * time.Second,
		RetryFirst:      100 * time.Millisecond,
		RetryMost:       5 * time.Second,
		UnknownKeyWait:  2 * time.Second,
		UnknownKeyApart: 10 * time.Second,
	}
}

// retry is how long to wait after so many failures in a row.
func (t Timing) retry(failures int, most time.Duration) time.Duration {
	step := t.RetryFirst << min(max(failures-1, 0), 20)
	return jittered(min(step, max(most, t.RetryMost)))
}

// jittered is between half of it and the whole, so that a thousand verifiers never ask in step.
func jittered(whole time.Duration) time.Duration {
	return whole/2 + rand.N(whole/2+1)
}

// changes lets some wait for what others bring about.
type changes struct {
	mu   sync.Mutex
	next chan struct{}
}

// tell wakes those who wait.
func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

func (c *changes) wait() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	return c.next
}

// until is whether it holds within that time.
func (c *changes) until(holds func() bool, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		// Asked for first, so that no change is missed in between.
		changed := c.wait()
		if holds() {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return holds()
		}
	}
}
