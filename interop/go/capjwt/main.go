// github.com/hashicorp/cap/jwt: how Vault and Nomad verify.
package main

import (
	"context"
	"strings"

	"github.com/hashicorp/cap/jwt"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

// example
// keys is jwt.NewOIDCDiscoveryKeySet(ctx, issuer, ""), made once.
func verified(
	ctx context.Context, keys jwt.KeySet, token, issuer, audience, algorithm string,
) (map[string]interface{}, error) {
	validator, err := jwt.NewValidator(keys)
	if err != nil {
		return nil, err
	}
	return validator.Validate(ctx, token, jwt.Expected{
		Issuer: issuer, Audiences: []string{audience}, SigningAlgorithms: []jwt.Alg{jwt.Alg(algorithm)},
		ExpirationLeeway: -1, ClockSkewLeeway: -1,
	})
}

// end

var keys jwt.KeySet

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/hashicorp/cap",
		Verify: func(w *peer.World, token, audience, algorithm string) (map[string]any, error) {
			ctx := context.Background()
			if keys == nil {
				made, err := jwt.NewOIDCDiscoveryKeySet(ctx, w.Issuer, "")
				if err != nil {
					return nil, err
				}
				keys = made
			}
			return verified(ctx, keys, token, w.Issuer, audience, algorithm)
		},
		// Its errors have no types.
		Refusal: func(err error) bool {
			for _, text := range []string{"audience", "signature", "expired"} {
				if strings.Contains(err.Error(), text) {
					return true
				}
			}
			return false
		},
		IgnoresTyp: "it does not look at typ",
	})
}
