// github.com/go-jose/go-jose: JOSE itself; one fetches the keys.
package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

var errWrongType = errors.New("it is no access token")

// example
func verified(
	keys *jose.JSONWebKeySet, token, issuer, audience string, algorithm jose.SignatureAlgorithm,
) (claims map[string]any, err error) {
	read, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return nil, err
	}
	if read.Headers[0].ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return nil, errWrongType
	}
	standard := jwt.Claims{}
	if err := read.Claims(keys, &standard, &claims); err != nil {
		return nil, err
	}
	rules := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()}
	return claims, standard.ValidateWithLeeway(rules, 0)
}

// end

var keys = &jose.JSONWebKeySet{}

// Reads them again for a key that is not among them.
func keysFor(uri, token string) error {
	header, err := peer.Header(token)
	if err != nil {
		return err
	}
	kid, _ := header["kid"].(string)
	if len(keys.Key(kid)) > 0 {
		return nil
	}
	answer, err := http.Get(uri)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	keys = &jose.JSONWebKeySet{}
	return json.NewDecoder(answer.Body).Decode(keys)
}

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/go-jose/go-jose/v4",
		Verify: func(w *peer.World, token, audience, algorithm string) (map[string]any, error) {
			if err := keysFor(w.Metadata.JWKSURI, token); err != nil {
				return nil, err
			}
			return verified(keys, token, w.Issuer, audience, jose.SignatureAlgorithm(algorithm))
		},
		Refusal: func(err error) bool {
			for _, refusal := range []error{
				errWrongType, jwt.ErrInvalidAudience, jwt.ErrExpired, jose.ErrCryptoFailure,
				jose.ErrJWKSKidNotFound,
			} {
				if errors.Is(err, refusal) {
					return true
				}
			}
			return false
		},
	})
}
