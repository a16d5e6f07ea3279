package verifier

import (
	"context"
	"net/http"
)

type callerKey struct{}

// Guard lets only requests with a good token that has these scopes through; the handler finds who
// called by CallerOf.
func (v *Verifier) Guard(next http.Handler, scopes ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := v.Check(r.Header.Values("Authorization"), scopes...)
		if err != nil {
			Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// CallerOf is who called, behind a Guard; nil elsewhere.
func CallerOf(ctx context.Context) *Caller {
	caller, _ := ctx.Value(callerKey{}).(*Caller)
	return caller
}
