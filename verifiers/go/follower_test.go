package verifier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	audience     = "https://api.example/books"
	metadataPath = "/.well-known/oauth-authorization-server"
	streamPath   = "/revocations/stream?after=1"
	far          = 1 << 40
)

// drip is a piece that is sent for ever.
type drip string

// unruly is an issuer on this machine whose feed says what a test wants it to say, to the byte.
type unruly struct {
	*testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
	changes
	mu       sync.Mutex
	asked    map[string]int
	lies     map[string]http.HandlerFunc
	jwks     jose.JSONWebKeySet
	snapshot string
	// Scripts, one per connection: texts, drips, and nil for the end. Then the connection is held.
	streams [][]any
	ended   chan struct{}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newUnruly(t *testing.T, streams ...[]any) *unruly {
	u := &unruly{T: t, key: newKey(t), asked: map[string]int{}, lies: map[string]http.HandlerFunc{},
		streams: streams, ended: make(chan struct{}), snapshot: snapshotOf(1)}
	u.jwks.Keys = []jose.JSONWebKey{{Key: &u.key.PublicKey, KeyID: "one"}}
	u.server = httptest.NewServer(u)
	t.Cleanup(func() {
		close(u.ended)
		u.server.Close()
	})
	return u
}

func (u *unruly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.asked[r.URL.String()]++
	lie, snapshot, jwks := u.lies[r.URL.Path], u.snapshot, u.jwks
	u.mu.Unlock()
	u.tell()
	switch {
	case lie != nil:
		lie(w, r)
	case r.URL.Path == metadataPath:
		u.metadata(w, u.server.URL, u.server.URL+"/revocations")
	case r.URL.Path == "/jwks":
		_ = json.NewEncoder(w).Encode(jwks)
	case r.URL.Path == "/revocations":
		_, _ = w.Write([]byte(snapshot))
	case r.URL.Path == "/revocations/stream":
		u.stream(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (u *unruly) metadata(w http.ResponseWriter, issuer, feed string) {
	told := map[string]string{"issuer": issuer, "jwks_uri": u.server.URL + "/jwks"}
	if feed != "" {
		told["revocation_feed_uri"] = feed
	}
	_ = json.NewEncoder(w).Encode(told)
}

func (u *unruly) stream(w http.ResponseWriter, r *http.Request) {
	script := []any{beat(1)}
	u.mu.Lock()
	if len(u.streams) > 0 {
		script, u.streams = u.streams[0], u.streams[1:]
	}
	u.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	send := func(text string) { _, _ = w.Write([]byte(text)); _ = http.NewResponseController(w).Flush() }
	for _, piece := range script {
		switch piece := piece.(type) {
		case nil:
			return
		case string:
			send(piece)
		case drip:
			for again := time.NewTicker(20 * time.Millisecond); ; {
				select {
				case <-again.C:
					send(string(piece))
				case <-r.Context().Done():
					return
				}
			}
		}
	}
	select {
	case <-r.Context().Done():
	case <-u.ended:
	}
}

// change changes what it says.
func (u *unruly) change(change func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change()
}

func (u *unruly) count(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[path]
}

// mustBeAsked waits until it was asked for this so often.
func (u *unruly) mustBeAsked(path string, times int) {
	u.Helper()
	if !u.until(func() bool { return u.count(path) >= times }, 10*time.Second) {
		u.Fatalf("%s was asked for %d times only", path, u.count(path))
	}
}

func snapshotOf(seq int, entries ...string) string {
	return fmt.Sprintf(`{"seq":%d,"as_of":%d,"entries":[%s]}`, seq, time.Now().Unix(), strings.Join(entries, ","))
}

func beatAt(seq int, asOf any) string {
	return fmt.Sprintf("event: heartbeat\ndata: {\"seq\":%d,\"as_of\":%v}\n\n", seq, asOf)
}

func beat(seq int) string { return beatAt(seq, time.Now().Unix()) }

func deathOf(seq int, kind, of string, until int) string {
	return fmt.Sprintf("event: revocation\ndata: {%q:%q,\"until\":%d,\"seq\":%d}\n\n", kind, handle(of), until, seq)
}

func deadReports(seq int) string { return deathOf(seq, "h", "reports", far) }

// guarded is a verifier in front of that issuer.
type guarded struct {
	*unruly
	*Verifier
}

func (u *unruly) start(choose ...func(*Options)) guarded {
	u.Helper()
	timing := defaultTiming()
	timing.Request, timing.Snapshot, timing.Stall = 2*time.Second, 2*time.Second, 300*time.Millisecond
	timing.RetryFirst, timing.RetryMost = 10*time.Millisecond, 50*time.Millisecond
	options := Options{Issuer: u.server.URL, Audience: []string{audience}, Timing: &timing, Log: silent}
	for _, one := range choose {
		one(&options)
	}
	v, err := New(options)
	if err != nil {
		u.Fatal(err)
	}
	u.Cleanup(v.Close)
	return guarded{u, v}
}

func (u *unruly) token(kid string, key *ecdsa.PrivateKey) string {
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{
		"iss": u.server.URL, "aud": audience, "sub": "reports", "client_id": "reports", "jti": "t1",
		"scope": "books:read", "iat": now, "exp": now + 600, "gen": 1,
	})
	options := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		u.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		u.Fatal(err)
	}
	token, _ := signed.CompactSerialize()
	return token
}

func (g guarded) verdictOf(token string, scopes ...string) string {
	_, err := g.Check([]string{"Bearer " + token}, scopes...)
	var rejection *Rejection
	if errors.As(err, &rejection) {
		return rejection.Reason
	}
	return "ok"
}

func (g guarded) verdict() string { return g.verdictOf(g.token("one", g.key)) }

// mustBecome waits for a verdict.
func (g guarded) mustBecome(wanted string) {
	g.Helper()
	for limit := time.Now().Add(5 * time.Second); g.verdict() != wanted; {
		if time.Now().After(limit) {
			g.Fatalf("still %s: %+v", g.verdict(), g.Status())
		}
	}
}

func (g guarded) mustApply(seq uint64) {
	g.Helper()
	// Keys and feed come by ways of their own.
	if !g.Applied(seq, 10*time.Second) || !g.Ready(5*time.Second) {
		g.Fatalf("%+v", g.Status())
	}
}

func (g guarded) mustBeReady() {
	g.Helper()
	if !g.Ready(5 * time.Second) {
		g.Fatalf("%+v", g.Status())
	}
}

func TestADeathInTheStreamIsHeardOnTheNextUse(t *testing.T) {
	g := newUnruly(t, []any{beat(1), deadReports(2), beat(2)}).start()
	g.mustApply(2)
	equal(t, "verdict", g.verdict(), "revoked")
}

func TestTheCacheKeepsClaimsAndNeverTheVerdict(t *testing.T) {
	g := newUnruly(t).start()
	g.mustBeReady()
	token := g.token("one", g.key)
	equal(t, "verdict", g.verdictOf(token), "ok")
	equal(t, "cached", g.Status().CachedTokens, 1)
	equal(t, "verdict", g.verdictOf(token, "books:write"), "insufficient_scope")
	g.change(func() { g.snapshot = snapshotOf(2, fmt.Sprintf(`{"t":%q,"until":%d}`, handle("t1"), far)) })
	g.mustApply(2)
	equal(t, "verdict", g.verdictOf(token), "revoked")
}

func TestBrokenStreamsAreJoinedAgainWhereTheyWereLeft(t *testing.T) {
	g := newUnruly(t,
		[]any{"event: revocation\ndata: {\"h\":\"trunc\n\n"},
		[]any{"event: revocation\ndata: {\"seq\":2", nil},
		[]any{"data: " + strings.Repeat("x", 300_000)},
		[]any{beat(1), nil},
		[]any{beat(1), beatAt(1, `"soon"`)},
		[]any{deadReports(2), beat(2)},
	).start()
	g.mustApply(2)
	equal(t, "verdict", g.verdict(), "revoked")
	g.mustBeAsked(streamPath, 6)
}

func TestNumbersThatComeTwiceOrOutOfOrder(t *testing.T) {
	// Under old numbers the dead come back to life: that must count for nothing.
	g := newUnruly(t, []any{
		beat(1), deathOf(2, "t", "t0", far), deadReports(3), deathOf(3, "h", "reports", 1),
		deathOf(2, "h", "reports", 1), beat(3),
	}).start()
	g.mustApply(3)
	equal(t, "verdict", g.verdict(), "revoked")
	equal(t, "entries", g.Status().Feed.Entries, 2)
}

func TestAGapIsFilledByJoiningAgainOrByTheSnapshot(t *testing.T) {
	g := newUnruly(t, []any{beat(1), deadReports(4)}, []any{beat(1), deadReports(4)}).start()
	g.mustBeAsked(streamPath, 2)
	g.change(func() { g.snapshot = snapshotOf(4, fmt.Sprintf(`{"h":%q,"until":%d}`, handle("reports"), far)) })
	g.mustApply(4)
	equal(t, "verdict", g.verdict(), "revoked")
	if g.Status().Feed.Gaps == 0 {
		t.Error("no gap was counted")
	}
}

func TestResetFetchesTheSnapshot(t *testing.T) {
	newUnruly(t, []any{beat(1), "event: reset\ndata: {\"seq\":9}\n\n"}).start().mustBeAsked("/revocations", 2)
}

func TestEndlessStreamsWithoutNewsAreLeft(t *testing.T) {
	newUnruly(t,
		[]any{beat(1), drip(": still here\n\n")},
		[]any{beat(1), drip(beatAt(1, 1_000_000_000))},
		[]any{beat(1), drip("x")},
	).start().mustBeAsked(streamPath, 4)
}

func TestAnAnswerThatNeverEndsIsLeft(t *testing.T) {
	u := newUnruly(t)
	u.lies["/revocations"] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	g := u.start(func(o *Options) { o.Timing.Request, o.Timing.Snapshot = 300e6, 300e6 })
	g.mustBeAsked("/revocations", 3)
	equal(t, "verdict", g.verdict(), "unavailable")
}

func TestSnapshotsThatAreNoneAreNotTakenOver(t *testing.T) {
	g := newUnruly(t).start()
	g.mustBeReady()
	good := g.snapshot
	for _, wrong := range []string{"<html>", `{"seq":7`, `{"seq":7,"as_of":1}`, strings.Repeat("[", 1_000_000)} {
		before := g.count("/revocations")
		g.change(func() { g.snapshot, g.streams = wrong, [][]any{{nil}, {nil}} })
		g.mustBeAsked("/revocations", before+2)
		equal(t, "verdict", g.verdict(), "ok")
		g.change(func() { g.snapshot = good })
	}
}

func TestANewKeyIsFetchedOnceForAll(t *testing.T) {
	g := newUnruly(t).start()
	g.mustBeReady()
	key := newKey(t)
	g.change(func() {
		g.jwks.Keys = append(g.jwks.Keys, jose.JSONWebKey{Key: &key.PublicKey, KeyID: "two"})
	})
	before, token := g.Status().KeyFetches, g.token("two", key)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { equal(t, "verdict", g.verdictOf(token), "ok") })
	}
	all.Wait()
	if fetches := g.Status().KeyFetches - before; fetches > 2 {
		t.Errorf("%d fetches", fetches)
	}
	for number := range 20 {
		equal(t, "verdict", g.verdictOf(g.token(fmt.Sprint(number), key)), "unknown_key")
	}
	if fetches := g.Status().KeyFetches - before; fetches > 4 {
		t.Errorf("%d fetches", fetches)
	}
}

func TestMetadataThatNameAnotherIssuerAreNeverBelieved(t *testing.T) {
	u := newUnruly(t)
	u.lies[metadataPath] = func(w http.ResponseWriter, _ *http.Request) { u.metadata(w, "https://evil.example", "") }
	g := u.start()
	g.mustBeAsked(metadataPath, 3)
	equal(t, "verdict", g.verdict(), "unavailable")
	equal(t, "keys asked for", g.count("/jwks"), 0)
	g.change(func() { maps.DeleteFunc(u.lies, func(string, http.HandlerFunc) bool { return true }) })
	g.mustBecome("ok")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	u := newUnruly(t)
	u.lies[metadataPath] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}
	u.start().mustBeAsked(metadataPath, 2)
	equal(t, "asked elsewhere", u.count("/elsewhere"), 0)
}

func TestWithoutAFeedTokensLiveUnlessOneIsRequired(t *testing.T) {
	u := newUnruly(t)
	u.lies[metadataPath] = func(w http.ResponseWriter, _ *http.Request) { u.metadata(w, u.server.URL, "") }
	u.start().mustBecome("ok")
	u.start(func(o *Options) { o.Revocations = Required }).mustBecome("unavailable")
}

func TestBrokenTokensAreRefusedAlsoWithoutKeys(t *testing.T) {
	u := newUnruly(t)
	u.lies["/jwks"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	g := u.start()
	equal(t, "alg none", g.verdictOf("eyJhbGciOiJub25lIn0.e30.AA"), "wrong_algorithm")
	equal(t, "a word", g.verdictOf("abc"), "malformed")
	equal(t, "a good one", g.verdict(), "unavailable")
}
