// Package verifier checks OAuth 2.0 access tokens in front of an API (RFC 9068, RFC 6750), and hears
// within a second when one has been revoked. A request costs no network call: keys are fetched ahead
// of need, and the issuer's revocation feed is followed in the background.
package verifier

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are what can be chosen about a Verifier: docs/reference/verifiers.md. What is left at its
// zero value has the default.
type Options struct {
	// Issuer is the issuer's URL, to the letter.
	Issuer string
	// Audience has the API's audiences, of which a token must name one.
	Audience []string
	// MaxStaleness is how long to go on after the last sign of the feed: one hour unless set.
	MaxStaleness time.Duration
	// WhenStale is FailClosed or FailOpen.
	WhenStale string
	// Revocations is IfOffered, Required or Off.
	Revocations string
	// Leeway forgives clocks that are apart: 30 s unless set, 300 s at most, none if negative.
	Leeway time.Duration
	// Algorithms to accept: all three unless set.
	Algorithms []string
	// AcceptJWTType also accepts typ JWT, for issuers that write it into access tokens.
	AcceptJWTType bool
	// Realm of challenges: the first audience unless set.
	Realm string
	// CacheAtMost bounds the tokens whose verified claims are kept: 10,000 unless set.
	CacheAtMost int
	// AllowPlainHTTP fetches keys over plain HTTP too, in networks that protect by other means.
	AllowPlainHTTP bool
	// HTTPClient asks the issuer, for private CAs and proxies. Redirects are never followed.
	HTTPClient *http.Client
	// Log is slog.Default() unless set.
	Log *slog.Logger
	// Timing and Clock are for tests.
	Timing *Timing
	Clock  Clock
}

// A Verifier checks access tokens. Make one when the program starts.
type Verifier struct {
	policy   policy
	realm    string
	clock    Clock
	log      *slog.Logger
	known    *knowledge
	keeper   *keeper
	follower *follower
	cache    cache
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	accepted uint64
	refused  map[string]uint64
}

// New starts to fetch keys and to follow the feed. An issuer that is away is no error: then the
// answer is 503 until it is back. The error is for what would be no protection.
func New(options Options) (*Verifier, error) {
	o := options.withDefaults()
	v := &Verifier{
		policy: policy{
			o.Issuer, slices.Clone(o.Audience), o.Algorithms, o.AcceptJWTType, max(0, int64(o.Leeway/time.Second)),
		},
		realm: o.Realm, clock: o.Clock, log: o.Log, refused: map[string]uint64{},
	}
	chosen := choice{o.Revocations, o.WhenStale, o.MaxStaleness}
	if err := v.policy.check(); err != nil {
		return nil, err
	}
	if err := chosen.check(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	fetch := newFetcher(o.HTTPClient, ctx)
	v.stop, v.cache.atMost = stop, o.CacheAtMost
	v.known = newKnowledge(chosen, o.Clock, o.Log)
	v.follower = &follower{known: v.known, fetch: fetch, timing: *o.Timing, log: o.Log}
	v.keeper = &keeper{
		issuer: o.Issuer, allowPlainHTTP: o.AllowPlainHTTP, fetch: fetch, timing: *o.Timing,
		clock: o.Clock, log: o.Log, onFeed: v.known.offered,
	}
	if err := v.keeper.begin(); err != nil {
		stop()
		return nil, err
	}
	v.running.Go(func() { v.keeper.run(ctx) })
	if chosen.revocations != Off {
		v.running.Go(func() { v.follower.run(ctx) })
	}
	return v, nil
}

func (o Options) withDefaults() Options {
	orElse := func(place *string, value string) {
		if *place == "" {
			*place = value
		}
	}
	orElse(&o.WhenStale, FailClosed)
	orElse(&o.Revocations, IfOffered)
	if len(o.Audience) > 0 {
		orElse(&o.Realm, o.Audience[0])
	}
	if o.MaxStaleness == 0 {
		o.MaxStaleness = time.Hour
	}
	if o.Leeway == 0 {
		o.Leeway = 30 * time.Second
	}
	if o.Algorithms == nil {
		o.Algorithms = Algorithms
	}
	if o.CacheAtMost == 0 {
		o.CacheAtMost = 10_000
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Timing == nil {
		timing := defaultTiming()
		o.Timing = &timing
	}
	if o.Clock == nil {
		o.Clock = systemClock{time.Now()}
	}
	return o
}

// Close ends what runs in the background. What is known goes on serving, and grows stale.
func (v *Verifier) Close() {
	v.stop()
	v.keeper.tell()
	v.known.tell()
	v.running.Wait()
}

// Check checks the values of the Authorization header, of which there must be one, and that the
// token has these scopes. For an unknown kid it waits a moment for fresh keys. Its errors are
// Rejections.
func (v *Verifier) Check(authorization []string, scopes ...string) (*Caller, error) {
	caller, rejection := v.check(authorization, scopes)
	if rejection != nil && rejection.Reason == "unknown_key" && v.keeper.refreshed() {
		caller, rejection = v.check(authorization, scopes)
	}
	if rejection != nil {
		return nil, v.noted(rejection, scopes)
	}
	v.mu.Lock()
	v.accepted++
	v.mu.Unlock()
	return caller, nil
}

func (v *Verifier) check(authorization, scopes []string) (*Caller, *Rejection) {
	token, rejection := parseBearer(authorization)
	if rejection != nil {
		return nil, rejection
	}
	claims, rejection := v.alive(token)
	if rejection != nil {
		return nil, rejection
	}
	caller := &Caller{Claims: claims, realm: v.realm}
	return caller, caller.lacks(scopes)
}

func (v *Verifier) alive(token string) (*Claims, *Rejection) {
	now, current := v.clock.Unix(), v.keeper.current.Load()
	claims, ok := v.cache.find(token, current.epoch)
	if ok {
		if rejection := v.policy.checkClaims(claims, now); rejection != nil {
			return nil, rejection
		}
	} else {
		var rejection *Rejection
		claims, rejection = verify(token, current.keys, v.policy, now)
		if rejection != nil {
			if len(current.keys) == 0 && rejection.Reason == "unknown_key" {
				rejection = reject("unavailable", "the issuer's keys are not known yet")
			}
			return nil, rejection
		}
		v.cache.keep(token, current.epoch, claims)
	}
	// Never cached: this is asked on every use.
	return claims, v.known.judge(claims, now)
}

func (v *Verifier) noted(rejection *Rejection, scopes []string) *Rejection {
	if rejection.Reason == "unknown_key" && v.keeper.cutOff.Load() {
		// The key may be a new one, and it is our trouble that we cannot ask.
		rejection = reject("unavailable", "the kid is unknown, and the issuer cannot be asked")
	}
	v.mu.Lock()
	v.refused[rejection.Reason]++
	v.mu.Unlock()
	if rejection.Reason != "no_token" && rejection.Reason != "other_scheme" {
		v.log.Info("Refused a token", "reason", rejection.Reason, "error", rejection.Error())
	}
	return rejection.at(v.realm, scopes)
}

// A Caller is who called: the verified claims of the token.
type Caller struct {
	*Claims
	realm string
}

// HasScope is whether it may do this.
func (c *Caller) HasScope(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Require is a Rejection unless it has all of these scopes; Refuse answers it.
func (c *Caller) Require(scopes ...string) error {
	if rejection := c.lacks(scopes); rejection != nil {
		return rejection
	}
	return nil
}

func (c *Caller) lacks(scopes []string) *Rejection {
	for _, scope := range scopes {
		if !c.HasScope(scope) {
			needed := strings.Join(scopes, " ")
			return reject("insufficient_scope", needed+" is required").at(c.realm, scopes)
		}
	}
	return nil
}

// cache keeps the verified claims of tokens, bounded in number.
type cache struct {
	atMost int
	mu     sync.RWMutex
	kept   map[string]cached
}

type cached struct {
	epoch  uint64
	claims *Claims
}

func (c *cache) find(token string, epoch uint64) (*Claims, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.kept[token]
	return found.claims, ok && found.epoch == epoch
}

func (c *cache) keep(token string, epoch uint64, claims *Claims) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]cached{}
	}
	for other := range c.kept {
		if len(c.kept) < c.atMost {
			break
		}
		// Whichever the map gives first: as good as any.
		delete(c.kept, other)
	}
	c.kept[token] = cached{epoch, claims}
}

func (c *cache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.kept)
}
