// github.com/lestrrat-go/jwx: every part of JOSE, and a cache of keys.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

var errWrongType = errors.New("it is no access token")

// example
// keys comes from jwk.NewCache or jwk.Fetch(ctx, jwksURI).
func verified(keys jwk.Set, token, issuer, audience string) (jwt.Token, error) {
	message, err := jws.Parse([]byte(token))
	if err != nil {
		return nil, err
	}
	if typ, _ := message.Signatures()[0].ProtectedHeaders().Type(); typ != "at+jwt" {
		return nil, errWrongType
	}
	return jwt.ParseString(token, jwt.WithKeySet(keys), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithRequiredClaim("exp"))
}

// end

var cache *jwk.Cache

// The set of the cache; read again for a key that is not in it.
func keysFor(uri, token string) (jwk.Set, error) {
	ctx := context.Background()
	if cache == nil {
		made, err := jwk.NewCache(ctx, httprc.NewClient())
		if err != nil {
			return nil, err
		}
		if err := made.Register(ctx, uri); err != nil {
			return nil, err
		}
		cache = made
	}
	keys, err := cache.Lookup(ctx, uri)
	if err != nil {
		return nil, err
	}
	header, err := peer.Header(token)
	if err != nil {
		return nil, err
	}
	kid, _ := header["kid"].(string)
	if _, known := keys.LookupKeyID(kid); known {
		return keys, nil
	}
	return cache.Refresh(ctx, uri)
}

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/lestrrat-go/jwx/v3",
		Verify: func(w *peer.World, token, audience, _ string) (map[string]any, error) {
			keys, err := keysFor(w.Metadata.JWKSURI, token)
			if err != nil {
				return nil, err
			}
			read, err := verified(keys, token, w.Issuer, audience)
			if err != nil {
				return nil, err
			}
			payload, err := json.Marshal(read)
			if err != nil {
				return nil, err
			}
			claims, err := verifying.MapClaims(payload)
			// It always has a list of audiences.
			if list, many := claims["aud"].([]any); many && len(list) == 1 {
				claims["aud"] = list[0]
			}
			return claims, err
		},
		Refusal: func(err error) bool {
			return errors.Is(err, errWrongType) || errors.Is(err, jwt.ParseError()) ||
				errors.Is(err, jwt.ValidateError())
		},
	})
}
