package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	snapshotMostBytes = 128 << 20
	// After so many attempts that brought nothing new the snapshot is fetched as well: a proxy may
	// be holding the stream back.
	fruitlessMost = 2
	// A stream that has lived for so long was a good one.
	steadyAfter = time.Second
	// A whole snapshot is asked for again this often, while an entry is not understood.
	notUnderstoodAgain = time.Minute
	pruneEvery         = 5 * time.Minute
)

// follower follows the feed: it joins the stream, and fetches the snapshot when the stream cannot go
// on. What an event means is decided in knowledge.
type follower struct {
	known  *knowledge
	fetch  *fetcher
	timing Timing
	log    *slog.Logger

	etag        string
	etagSeq     uint64
	snapshotDue bool
	failures    int
	fruitless   int
	gapAfter    *uint64
	progress    bool
	wholeAt     time.Time

	lastError                            atomic.Pointer[string]
	snapshots, streams, gaps, unreadable atomic.Uint64
}

// run goes on until the context ends.
func (f *follower) run(ctx context.Context) {
	f.snapshotDue = true
	prunedAt := time.Now()
	isOver := func() bool { return ctx.Err() != nil }
	for !isOver() {
		uri := f.known.feedURI()
		if uri == "" {
			f.known.until(func() bool { return isOver() || f.known.feedURI() != "" }, time.Minute)
			continue
		}
		f.turn(uri)
		if time.Since(prunedAt) > pruneEvery {
			f.known.prune()
			prunedAt = time.Now()
		}
		f.known.until(isOver, f.timing.retry(f.failures, 0))
	}
}

func (f *follower) turn(uri string) {
	f.progress = false
	next, lived := stepNothing, time.Duration(0)
	err := f.snapshot(uri)
	if err == nil {
		began := time.Now()
		next, err = f.stream(uri)
		lived = time.Since(began)
	}
	if err != nil {
		f.note(err)
	}
	f.failures++
	if lived >= steadyAfter {
		f.failures = 1
	}
	f.fruitless++
	if f.progress {
		f.fruitless = 0
	}
	switch next {
	case stepGap:
		f.gaps.Add(1)
		applied, _ := f.known.place()
		again := f.gapAfter != nil && *f.gapAfter == applied
		f.gapAfter = &applied
		f.snapshotDue = f.snapshotDue || again || !f.progress
	case stepStartOver:
		f.snapshotDue = true
	default:
		f.snapshotDue = f.snapshotDue || f.fruitless >= fruitlessMost
	}
}

func (f *follower) note(err error) {
	if errors.Is(err, errUnreadable) {
		f.unreadable.Add(1)
	}
	why := err.Error()
	if last := f.lastError.Swap(&why); (last == nil || *last != why) && !errors.Is(err, context.Canceled) {
		f.log.Warn("The revocation feed is interrupted", "error", why)
	}
}

func (f *follower) snapshot(uri string) error {
	applied, hasApplied := f.known.place()
	if hasApplied && !f.snapshotDue {
		return nil
	}
	headers := map[string]string{"Accept": "application/json"}
	asked := f.etag != "" && hasApplied && f.etagSeq == applied
	if asked {
		headers["If-None-Match"] = f.etag
	}
	err := f.fetch.get(uri, f.timing.Request, headers,
		func(answer *http.Response, putOff func(time.Duration)) error {
			confirmedS := asOf(answer.Header)
			if answer.StatusCode == http.StatusNotModified && asked && confirmedS != nil {
				f.progress = f.known.fresh(*confirmedS) || f.progress
				return nil
			}
			if answer.StatusCode != http.StatusOK {
				return statusError{"the snapshot: ", answer.StatusCode}
			}
			putOff(f.timing.Snapshot)
			document, err := readAll(answer.Body, snapshotMostBytes)
			if err != nil {
				return err
			}
			if err := f.known.adopt(document, confirmedS); err != nil {
				return err
			}
			f.snapshots.Add(1)
			f.wholeAt = time.Now()
			f.etag = answer.Header.Get("ETag")
			f.etagSeq, _ = f.known.place()
			return nil
		})
	if err == nil {
		f.snapshotDue = false
	}
	return err
}

func (f *follower) stream(uri string) (next step, err error) {
	f.known.connected()
	applied, _ := f.known.place()
	address := fmt.Sprintf("%s/stream?after=%d", uri, applied)
	err = f.fetch.get(address, f.timing.Request, map[string]string{"Accept": "text/event-stream"},
		func(answer *http.Response, putOff func(time.Duration)) (err error) {
			if answer.StatusCode != http.StatusOK {
				return statusError{"the stream: ", answer.StatusCode}
			}
			kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
			if kind != "text/event-stream" {
				return errors.New("the stream is not text/event-stream")
			}
			f.streams.Add(1)
			putOff(f.timing.Stall)
			next, err = f.events(answer.Body, putOff)
			return err
		})
	return next, err
}

func (f *follower) events(body io.Reader, putOff func(time.Duration)) (step, error) {
	var reader sseReader
	piece := make([]byte, 16*1024)
	for {
		n, ended := body.Read(piece)
		events, err := reader.push(piece[:n])
		for _, one := range events {
			next := f.known.take(one)
			switch next {
			case stepGap, stepStartOver:
				return next, nil
			case stepNews:
				f.progress = true
				f.lastError.Store(nil)
				putOff(f.timing.Stall)
			case stepAlive:
				putOff(f.timing.Stall)
			case stepNothing:
				// Only news count: whoever sends but comments may be cut off himself.
			}
		}
		if err != nil {
			return stepNothing, err
		}
		if errors.Is(ended, io.EOF) {
			return stepNothing, errors.New("the stream has ended")
		}
		if ended != nil {
			return stepNothing, ended
		}
		misses := read(f.known, func() bool { return f.known.notUnderstood > 0 })
		if misses && time.Since(f.wholeAt) >= notUnderstoodAgain {
			return stepStartOver, nil
		}
	}
}

func asOf(headers http.Header) *int64 {
	number, err := strconv.ParseUint(headers.Get("hallpass-as-of"), 10, 63)
	if err != nil {
		return nil
	}
	confirmedS := int64(number)
	return &confirmedS
}
