// github.com/coreos/go-oidc's verifier.
package main

import (
	"context"
	"errors"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/verifying"
)

// example
// keys is oidc.NewRemoteKeySet(ctx, jwksURI), made once; or oidc.NewProvider(ctx, issuer).
func verified(
	ctx context.Context, keys oidc.KeySet, token, issuer, audience, algorithm string,
) (claims map[string]any, err error) {
	rules := &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{algorithm}}
	read, err := oidc.NewVerifier(issuer, keys, rules).Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	return claims, read.Claims(&claims)
}

// end

var keys oidc.KeySet

func main() {
	verifying.Run(verifying.Library{
		Module: "github.com/coreos/go-oidc/v3",
		Verify: func(w *peer.World, token, audience, algorithm string) (map[string]any, error) {
			ctx := context.Background()
			if keys == nil {
				keys = oidc.NewRemoteKeySet(ctx, w.Metadata.JWKSURI)
			}
			return verified(ctx, keys, token, w.Issuer, audience, algorithm)
		},
		// Only of an expired one has it a type.
		Refusal: func(err error) bool {
			var expired *oidc.TokenExpiredError
			return errors.As(err, &expired) || strings.Contains(err.Error(), "oidc: ") ||
				strings.Contains(err.Error(), "failed to verify signature")
		},
		IgnoresTyp: "it does not look at typ",
	})
}
