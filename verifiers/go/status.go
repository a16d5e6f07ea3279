package verifier

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Status is how a Verifier is doing, for a health page or for metrics.
type Status struct {
	Ready         bool              `json:"ready"`
	Issuer        string            `json:"issuer"`
	Keys          []string          `json:"keys"`
	KeyFetches    uint64            `json:"key_fetches"`
	LastKeyError  *string           `json:"last_key_error"`
	Feed          FeedStatus        `json:"feed"`
	LastFeedError *string           `json:"last_feed_error"`
	Accepted      uint64            `json:"accepted"`
	Refused       map[string]uint64 `json:"refused"`
	CachedTokens  int               `json:"cached_tokens"`
}

// FeedStatus is how the reader of the feed is doing. Offered is nil before the issuer was asked.
type FeedStatus struct {
	Offered       *bool    `json:"offered"`
	Seq           *uint64  `json:"seq"`
	AsOfS         *int64   `json:"as_of_s"`
	StalenessS    *float64 `json:"staleness_s"`
	Blind         bool     `json:"blind"`
	Stale         bool     `json:"stale"`
	Entries       int      `json:"entries"`
	NotUnderstood int      `json:"not_understood"`
	Snapshots     uint64   `json:"snapshots"`
	Streams       uint64   `json:"streams"`
	Gaps          uint64   `json:"gaps"`
	Unreadable    uint64   `json:"unreadable"`
}

// Status says how it is doing.
func (v *Verifier) Status() Status {
	keys := slices.Sorted(maps.Keys(v.keeper.current.Load().keys))
	v.mu.Lock()
	accepted, refused := v.accepted, maps.Clone(v.refused)
	v.mu.Unlock()
	return Status{
		Ready:         len(keys) > 0 && v.known.isReady(),
		Issuer:        v.policy.issuer,
		Keys:          keys,
		KeyFetches:    v.keeper.fetches.Load(),
		LastKeyError:  v.keeper.lastError.Load(),
		Feed:          v.feedStatus(),
		LastFeedError: v.follower.lastError.Load(),
		Accepted:      accepted,
		Refused:       refused,
		CachedTokens:  v.cache.len(),
	}
}

func (v *Verifier) feedStatus() FeedStatus {
	k, f := v.known, v.follower
	status := FeedStatus{
		Snapshots: f.snapshots.Load(), Streams: f.streams.Load(), Gaps: f.gaps.Load(),
		Unreadable: f.unreadable.Load(),
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	status.Entries, status.NotUnderstood = len(k.dead), k.notUnderstood
	if k.asked {
		offered := k.uri != ""
		status.Offered = &offered
	}
	if k.hasApplied {
		applied := k.applied
		status.Seq = &applied
	}
	if k.uri == "" || k.choice.revocations == Off {
		return status
	}
	age := k.staleness()
	status.Blind = age >= blindAfter || k.notUnderstood > 0
	status.Stale = age > k.choice.maxStaleness
	if age != math.MaxInt64 {
		seconds, asOfS := age.Seconds(), k.asOfS
		status.StalenessS, status.AsOfS = &seconds, &asOfS
	}
	return status
}

// Ready is whether tokens can be verified within that time.
func (v *Verifier) Ready(within time.Duration) bool {
	until := time.Now().Add(within)
	known := v.keeper.until(func() bool { return len(v.keeper.current.Load().keys) > 0 }, within)
	return known && v.known.until(v.known.isReady, max(0, time.Until(until)))
}

// Applied is whether this entry of the feed is applied within that time.
func (v *Verifier) Applied(seq uint64, within time.Duration) bool {
	return v.known.until(func() bool {
		applied, ok := v.known.place()
		return ok && applied >= seq
	}, within)
}
