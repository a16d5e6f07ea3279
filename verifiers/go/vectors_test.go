package verifier

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// vectors reads one of the files that bind the verifiers of all languages.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "crates", "token", "vectors", name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// object reads JSON as the verifier does.
func object(t *testing.T, text []byte) members {
	t.Helper()
	read, err := parseObject(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return read
}

func equal[T comparable](t *testing.T, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v, not %v", what, got, wanted)
	}
}

var silent = slog.New(slog.DiscardHandler)

// manualClock stands still until it is told to move.
type manualClock struct {
	unixS  int64
	passed time.Duration
}

func (c *manualClock) Unix() int64              { return c.unixS }
func (c *manualClock) Monotonic() time.Duration { return c.passed }

// advance lets time pass.
func (c *manualClock) advance(byS int64) {
	c.unixS += byS
	c.passed += time.Duration(byS) * time.Second
}

// jump is somebody who sets the clock on the wall.
func (c *manualClock) jump(byS int64) { c.unixS += byS }
