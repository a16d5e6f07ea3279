// github.com/auth0/go-jwt-middleware's validator.
package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

// example
// provider is jwks.NewCachingProvider(issuerURL, 5*time.Minute), made once.
func verified(
	ctx context.Context, provider *jwks.CachingProvider, token, issuer, audience, algorithm string,
) (*validator.ValidatedClaims, error) {
	made, err := validator.New(provider.KeyFunc, validator.SignatureAlgorithm(algorithm), issuer,
		[]string{audience})
	if err != nil {
		return nil, err
	}
	claims, err := made.ValidateToken(ctx, token)
	if err != nil {
		return nil, err
	}
	return claims.(*validator.ValidatedClaims), nil
}

// end

// It does not look for a key that it does not know: its cache must be shorter than the time that
// a new key is published before it signs.
const cached = 5 * time.Second

var provider *jwks.CachingProvider

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/auth0/go-jwt-middleware/v2",
		Verify: func(w *peer.World, token, audience, algorithm string) (map[string]any, error) {
			if provider == nil {
				issuer, err := url.Parse(w.Issuer)
				if err != nil {
					return nil, err
				}
				provider = jwks.NewCachingProvider(issuer, cached)
			}
			_, err := verified(context.Background(), provider, token, w.Issuer, audience, algorithm)
			if err != nil {
				return nil, err
			}
			// It gives the claims that it knows; the token has them all.
			return peer.Claims(token)
		},
		// Its errors have no types.
		Refusal: func(err error) bool {
			return strings.Contains(err.Error(), "claims not validated") ||
				strings.Contains(err.Error(), "could not get token claims")
		},
		IgnoresTyp: "it does not look at typ",
	})
}
