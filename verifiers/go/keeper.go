package verifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	metadataMostBytes    = 256 << 10
	jwksMostBytes        = 1 << 20
	keyBudget            = 3
	defaultMaxAge        = 10 * time.Minute
	refreshFrom          = 30 * time.Second
	refreshTo            = time.Hour
	retryMostWithKeys    = time.Minute
	longestForeignIssuer = 128
)

// badMetadata are not usable; absent if there is nothing of the kind in this place.
type badMetadata struct {
	why    string
	absent bool
}

func (b badMetadata) Error() string { return "metadata: " + b.why }

// published are the keys by kid, and a number that changes with them.
type published struct {
	keys  map[string]key
	epoch uint64
}

// keeper keeps the issuer's keys fresh: fetched ahead of need, again for an unknown kid at a bounded
// rate. An issuer that is away, or publishes nothing usable, never takes away keys that are known.
type keeper struct {
	issuer         string
	documents      [2]string
	allowPlainHTTP bool
	fetch          *fetcher
	timing         Timing
	clock          Clock
	log            *slog.Logger
	// Learns where the revocation feed is.
	onFeed func(uri string)
	changes

	current   atomic.Pointer[published]
	fetches   atomic.Uint64
	lastError atomic.Pointer[string]
	cutOff    atomic.Bool
	jwksURI   string
	document  []byte

	mu         sync.Mutex
	attempts   uint64
	left       int
	refilledAt time.Duration
	wanted     bool
}

// begin finds where to ask for metadata.
func (k *keeper) begin() error {
	if err := checked(k.issuer, k.allowPlainHTTP); err != nil {
		return fmt.Errorf("Issuer: %w", err)
	}
	parts, err := url.Parse(k.issuer)
	if err != nil || parts.RawQuery != "" || parts.ForceQuery {
		return fmt.Errorf("Issuer: %q has a query", k.issuer)
	}
	host, path := parts.Scheme+"://"+parts.Host, strings.TrimRight(parts.EscapedPath(), "/")
	// RFC 8414 §3.1 puts the well-known part before the path; OpenID Connect Discovery §4 appends
	// it, and many issuers have only that.
	k.documents = [2]string{
		host + "/.well-known/oauth-authorization-server" + path,
		host + path + "/.well-known/openid-configuration",
	}
	k.left, k.refilledAt = keyBudget, k.clock.Monotonic()
	k.current.Store(&published{keys: map[string]key{}})
	return nil
}

// refreshed asks for fresh keys on behalf of an unknown kid, and waits a moment for them. False if
// that was done often enough.
func (k *keeper) refreshed() bool {
	attempt, ok := k.want()
	if !ok {
		return false
	}
	k.until(func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.attempts >= attempt
	}, k.timing.UnknownKeyWait)
	return true
}

func (k *keeper) want() (attempt uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.wanted {
		now, apart := k.clock.Monotonic(), k.timing.UnknownKeyApart
		for k.left < keyBudget && now-k.refilledAt >= apart {
			k.left++
			k.refilledAt += apart
		}
		if k.left == keyBudget {
			k.refilledAt = now
		}
		if k.left == 0 {
			return 0, false
		}
		k.left--
		k.wanted = true
		k.tell()
	}
	return k.attempts + 1, true
}

// run goes on until the context ends.
func (k *keeper) run(ctx context.Context) {
	failures, asksMetadata := 0, true
	isWanted := func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.wanted || ctx.Err() != nil
	}
	for ctx.Err() == nil {
		maxAge, err := k.refresh(asksMetadata)
		pause := jittered(min(max(maxAge/2, refreshFrom), refreshTo))
		if err == nil {
			failures = 0
			k.lastError.Store(nil)
		} else {
			failures++
			k.note(err)
			most := time.Duration(0)
			if len(k.current.Load().keys) > 0 {
				most = retryMostWithKeys
			}
			pause = k.timing.retry(failures, most)
		}
		k.mu.Lock()
		k.attempts++
		k.wanted = false
		k.mu.Unlock()
		k.cutOff.Store(failures > 0)
		k.tell()
		// An unknown kid is for the keys to answer, and for nobody else to be asked.
		asksMetadata = !k.until(isWanted, pause) || failures > 0
	}
}

func (k *keeper) note(err error) {
	why := err.Error()
	if last := k.lastError.Swap(&why); (last == nil || *last != why) && !errors.Is(err, context.Canceled) {
		k.log.Warn("Cannot fetch the issuer's keys", "error", why)
	}
}

func (k *keeper) refresh(asksMetadata bool) (maxAge time.Duration, err error) {
	var trouble error
	if asksMetadata || k.jwksURI == "" {
		trouble = k.askMetadata()
		// The keys may still be where they were.
		if trouble != nil && k.jwksURI == "" {
			return 0, trouble
		}
	}
	k.fetches.Add(1)
	document, headers, err := k.fetch.document(k.jwksURI, k.timing.Request, jwksMostBytes)
	if err != nil {
		return 0, fmt.Errorf("JWK Set: %w", err)
	}
	if !slices.Equal(document, k.document) {
		keys, err := parseKeys(document)
		if err != nil {
			return 0, err
		}
		k.log.Info("Took over the issuer's keys", "kids", slices.Sorted(maps.Keys(keys)))
		k.document = document
		k.current.Store(&published{keys, k.current.Load().epoch + 1})
	}
	return parseMaxAge(headers), trouble
}

func (k *keeper) askMetadata() error {
	metadata, err := k.read(k.documents[0])
	var bad badMetadata
	if errors.As(err, &bad) && bad.absent {
		first := err
		metadata, err = k.read(k.documents[1])
		if errors.As(err, &bad) && bad.absent {
			err = first
		}
	}
	if err != nil {
		return err
	}
	k.jwksURI, _ = metadata["jwks_uri"].(string)
	feed, _ := metadata["revocation_feed_uri"].(string)
	k.onFeed(feed)
	return nil
}

func (k *keeper) read(address string) (members, error) {
	document, _, err := k.fetch.document(address, k.timing.Request, metadataMostBytes)
	if err != nil {
		var other statusError
		absent := errors.As(err, &other) && other.status < http.StatusInternalServerError
		return nil, badMetadata{err.Error(), absent}
	}
	metadata, err := parseObject(document)
	if err != nil {
		return nil, badMetadata{err.Error(), true}
	}
	// RFC 8414 §3.3: the same to the letter.
	if metadata["issuer"] != k.issuer {
		named, _ := metadata["issuer"].(string)
		named = named[:min(len(named), longestForeignIssuer)]
		return nil, badMetadata{fmt.Sprintf("they name the issuer %q", named), false}
	}
	jwksURI, _ := metadata["jwks_uri"].(string)
	if err := checked(jwksURI, k.allowPlainHTTP); err != nil {
		return nil, badMetadata{"jwks_uri: " + err.Error(), false}
	}
	if metadata.has("revocation_feed_uri") {
		feed, _ := metadata["revocation_feed_uri"].(string)
		if err := checked(feed, k.allowPlainHTTP); err != nil {
			return nil, badMetadata{"revocation_feed_uri: " + err.Error(), false}
		}
		// The stream is found by appending to it.
		if strings.Contains(feed, "?") {
			return nil, badMetadata{"revocation_feed_uri has a query", false}
		}
	}
	return metadata, nil
}

func parseMaxAge(headers http.Header) time.Duration {
	for directive := range strings.SplitSeq(headers.Get("Cache-Control"), ",") {
		name, age, _ := strings.Cut(strings.TrimSpace(directive), "=")
		seconds, err := strconv.ParseUint(strings.Trim(age, `"`), 10, 31)
		if strings.EqualFold(name, "max-age") && err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return defaultMaxAge
}
