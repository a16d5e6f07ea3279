// An API on net/http that only good tokens reach.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"hallpass/verifier"
)

func books(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "books of %s\n", verifier.CallerOf(r.Context()).Organization)
}

func main() {
	guard, err := verifier.New(verifier.Options{
		Issuer: os.Getenv("ISSUER"), Audience: []string{"https://api.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("GET /v1/books", guard.Guard(http.HandlerFunc(books), "books:read"))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
