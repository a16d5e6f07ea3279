// github.com/coreos/go-oidc: finds the endpoints for x/oauth2, and verifies tokens.
package main

import (
	"context"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/standard"
)

// example
func discovered(ctx context.Context, issuer, id, secret string) (*clientcredentials.Config, error) {
	provider, err := oidc.NewProvider(ctx, issuer) // github.com/coreos/go-oidc/v3/oidc
	if err != nil {
		return nil, err
	}
	url := provider.Endpoint().TokenURL
	return &clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: url}, nil
}

// end

func prepared(w *peer.World, who peer.Login, method string) (*clientcredentials.Config, error) {
	config, err := discovered(standard.Bounded(nil), w.Issuer, who.ID, who.Secret)
	if err == nil && method == standard.Post {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	return config, err
}

func fetch(
	w *peer.World, who peer.Login, method string, asked url.Values,
) (*oauth2.Token, error) {
	config, err := prepared(w, who, method)
	if err != nil {
		return nil, err
	}
	config.EndpointParams = asked
	if scope := asked.Get("scope"); scope != "" {
		config.Scopes, config.EndpointParams = []string{scope}, nil
	}
	return config.Token(standard.Bounded(nil))
}

func discover(w *peer.World) error {
	config, err := prepared(w, w.Credentials["plain"], standard.Basic)
	if err != nil {
		return err
	}
	return peer.ExpectEqual("token_endpoint", config.TokenURL, w.Metadata.TokenEndpoint)
}

func main() {
	standard.Run(standard.Library{
		Module: "github.com/coreos/go-oidc/v3",
		Fetch:  fetch,
		Session: func(
			w *peer.World, who peer.Login, transport http.RoundTripper,
		) (*http.Client, error) {
			config, err := prepared(w, who, standard.Basic)
			if err != nil {
				return nil, err
			}
			return config.Client(standard.Bounded(transport)), nil
		},
		More: map[string]peer.Case{
			"discover-oauth":  peer.NotSupported("it looks for openid-configuration only"),
			"discover-openid": discover,
			"renew":           peer.NotSupported("x/oauth2 does it: see there"),
		},
	})
}
