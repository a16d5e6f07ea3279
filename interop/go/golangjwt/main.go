// golang-jwt with keyfunc: how Go APIs verify tokens by a JWKS.
package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

// example
// keys is keyfunc.NewDefaultCtx(ctx, []string{jwksURI}), made once.
func verified(
	keys keyfunc.Keyfunc, token, issuer, audience, algorithm string,
) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	read, err := jwt.ParseWithClaims(token, claims, keys.Keyfunc,
		jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err == nil && read.Header["typ"] != "at+jwt" {
		err = jwt.ErrTokenUnverifiable
	}
	return claims, err
}

// end

// By default it reads the keys every hour, long before a new one signs after a day; here a new one
// signs after half a minute.
const refreshed = 5 * time.Second

var jwks = sync.OnceValues(func() (keyfunc.Keyfunc, error) {
	override := keyfunc.Override{RefreshInterval: refreshed}
	return keyfunc.NewDefaultOverrideCtx(context.Background(), []string{uri}, override)
})

var uri string

// What the library says of a token that it does not take.
var refusals = []error{
	jwt.ErrTokenInvalidAudience, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenUnverifiable,
	jwt.ErrTokenExpired,
}

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/golang-jwt/jwt/v5",
		Verify: func(w *peer.World, token, audience, algorithm string) (map[string]any, error) {
			uri = w.Metadata.JWKSURI
			keys, err := jwks()
			if err != nil {
				return nil, err
			}
			return verified(keys, token, w.Issuer, audience, algorithm)
		},
		Refusal: func(err error) bool {
			for _, refusal := range refusals {
				if errors.Is(err, refusal) {
					return true
				}
			}
			return false
		},
	})
}
