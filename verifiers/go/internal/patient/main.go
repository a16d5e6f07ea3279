// A guarded API whose patience is told from outside, and that says how its verifier is doing.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"hallpass/verifier"
)

func main() {
	staleness, err := time.ParseDuration(os.Getenv("MAX_STALENESS_S") + "s")
	if err != nil {
		staleness = time.Hour
	}
	guard, err := verifier.New(verifier.Options{
		Issuer:       os.Getenv("ISSUER"),
		Audience:     []string{"https://api.example.com"},
		MaxStaleness: staleness,
		WhenStale:    os.Getenv("WHEN_STALE"),
	})
	if err != nil {
		log.Fatal(err)
	}
	books := func(w http.ResponseWriter, r *http.Request) {
		caller := verifier.CallerOf(r.Context())
		if err := caller.Require("books:read"); err != nil {
			verifier.Refuse(w, r, err)
			return
		}
		fmt.Fprintf(w, "books of %s\n", caller.Organization)
	}
	http.Handle("GET /v1/books", guard.Guard(http.HandlerFunc(books)))
	http.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(guard.Status())
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
