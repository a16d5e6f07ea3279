package verifier

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

const longestEvent = 256 * 1024

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	eventNames    = []string{"revocation", "heartbeat", "reset"}
	// errUnreadable says that the stream cannot be believed any further.
	errUnreadable = errors.New("unreadable")
)

// event is one of the feed. The members of a revocation are its entry, which may not be understood.
type event struct {
	name    string
	seq     uint64
	asOfS   int64
	members members
}

// sseReader reads the feed's stream (Server-Sent Events, WHATWG HTML §9.2) as it arrives, in pieces
// of any size and within bounds.
type sseReader struct {
	line, data    []byte
	name          string
	hasData       bool
	afterCR       bool
	pastFirstLine bool
}

// push returns the events that end in this piece, up to the first that cannot be read.
func (r *sseReader) push(piece []byte) ([]event, error) {
	var events []event
	for _, c := range piece {
		wasCR := r.afterCR
		r.afterCR = c == '\r'
		if c == '\n' && wasCR {
			continue
		}
		if c != '\n' && c != '\r' {
			r.line = append(r.line, c)
			if len(r.line)+len(r.data) > longestEvent {
				return events, fmt.Errorf("%w: an event is longer than 256 KiB", errUnreadable)
			}
			continue
		}
		ended, err := r.endLine()
		if err != nil {
			return events, err
		}
		if ended != nil {
			events = append(events, *ended)
		}
	}
	return events, nil
}

func (r *sseReader) endLine() (*event, error) {
	line := r.line
	if !r.pastFirstLine {
		line, r.pastFirstLine = bytes.TrimPrefix(line, byteOrderMark), true
	}
	r.line = r.line[:0]
	if len(line) == 0 {
		return r.endEvent()
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		r.name = string(value)
	case "data":
		if r.hasData {
			r.data = append(r.data, '\n')
		}
		r.data = append(r.data, value...)
		r.hasData = true
	}
	return nil, nil
}

func (r *sseReader) endEvent() (*event, error) {
	name, data, hasData := r.name, r.data, r.hasData
	r.name, r.data, r.hasData = "", nil, false
	if !hasData || !slices.Contains(eventNames, name) {
		return nil, nil
	}
	read, err := parseObject(data)
	if err != nil {
		return nil, fmt.Errorf("%w: malformed event: %w", errUnreadable, err)
	}
	seq, ok := whole(read["seq"])
	asOf, hasAsOf := whole(read["as_of"])
	if !ok || (name == "heartbeat" && !hasAsOf) {
		return nil, fmt.Errorf("%w: seq or as_of is not a whole number", errUnreadable)
	}
	delete(read, "seq")
	return &event{name, seq, int64(min(asOf, latestS)), read}, nil
}
