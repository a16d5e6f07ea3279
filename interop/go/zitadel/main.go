// github.com/zitadel/oidc: certified, both sides of the protocol.
package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/standard"
)

// example
func token(
	ctx context.Context, issuer, id, secret string, scopes []string, more url.Values,
) (*oauth2.Token, error) {
	// Finds the endpoints by itself: github.com/zitadel/oidc/v3/pkg/client/rp
	party, err := rp.NewRelyingPartyOIDC(ctx, issuer, id, secret, "", scopes)
	if err != nil {
		return nil, err
	}
	return rp.ClientCredentials(ctx, party, more)
}

// end

func fetch(
	w *peer.World, who peer.Login, _ string, asked url.Values,
) (*oauth2.Token, error) {
	var scopes []string
	more := url.Values{}
	for name, values := range asked {
		if name == "scope" {
			scopes = values
		} else {
			more[name] = values
		}
	}
	return token(context.Background(), w.Issuer, who.ID, who.Secret, scopes, more)
}

func discover(w *peer.World) error {
	found, err := client.Discover(context.Background(), w.Issuer, http.DefaultClient)
	if err != nil {
		return err
	}
	return peer.ExpectEqual("token_endpoint", found.TokenEndpoint, w.Metadata.TokenEndpoint)
}

func introspect(w *peer.World) error {
	ctx := context.Background()
	who := w.Credentials["inspector"]
	server, err := rs.NewResourceServerClientCredentials(ctx, w.Issuer, who.ID, who.Secret)
	if err != nil {
		return err
	}
	live, err := w.PlainToken(w.API.Audience)
	if err != nil {
		return err
	}
	for text, active := range map[string]bool{live: true, "nonsense": false} {
		answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, text)
		if err != nil {
			return err
		}
		if err := peer.ExpectEqual("active", answer.Active, active); err != nil {
			return err
		}
	}
	return nil
}

func revoke(w *peer.World) error {
	ctx := context.Background()
	who := w.Credentials["plain"]
	party, err := rp.NewRelyingPartyOIDC(ctx, w.Issuer, who.ID, who.Secret, "", nil)
	if err != nil {
		return err
	}
	token, err := rp.ClientCredentials(ctx, party, nil)
	if err != nil {
		return err
	}
	err = rp.RevokeToken(ctx, party, token.AccessToken, "access_token")
	return errors.Join(err, w.RefusedInTime(token.AccessToken))
}

func main() {
	standard.Run(standard.Library{
		Module:  "github.com/zitadel/oidc/v3",
		Fetch:   fetch,
		Methods: []string{standard.Basic},
		More: map[string]peer.Case{
			"discover-oauth":  peer.NotSupported("it looks for openid-configuration only"),
			"discover-openid": discover,
			"introspect":      introspect,
			"revoke-token":    revoke,
		},
	})
}
