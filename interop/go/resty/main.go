// github.com/go-resty/resty over x/oauth2's client.
package main

import (
	"context"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/go-resty/resty/v2"
	"golang.org/x/oauth2/clientcredentials"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/standard"
)

// example
func authorized(ctx context.Context, config *clientcredentials.Config) *resty.Client {
	return resty.NewWithClient(config.Client(ctx)) // fetches, keeps and renews the token
}

func call(client *resty.Client, url string) (*resty.Response, error) {
	return client.R().Get(url) // github.com/go-resty/resty/v2
}

// end

func config(w *peer.World, who peer.Login, asked url.Values) *clientcredentials.Config {
	config := &clientcredentials.Config{
		ClientID: who.ID, ClientSecret: who.Secret, TokenURL: w.Metadata.TokenEndpoint,
		AuthStyle: oauth2.AuthStyleInHeader, EndpointParams: asked,
	}
	if scope := asked.Get("scope"); scope != "" {
		config.Scopes, config.EndpointParams = []string{scope}, nil
	}
	return config
}

// It only calls: the token is what it sent.
func fetch(
	w *peer.World, who peer.Login, _ string, asked url.Values,
) (*oauth2.Token, error) {
	sent := &standard.Sent{}
	client := authorized(standard.Bounded(sent), config(w, who, asked))
	if _, err := call(client, w.APIURL); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: sent.Token}, nil
}

func main() {
	standard.Run(standard.Library{
		Module:  "github.com/go-resty/resty/v2",
		Fetch:   fetch,
		Methods: []string{standard.Basic},
		Session: func(
			w *peer.World, who peer.Login, transport http.RoundTripper,
		) (*http.Client, error) {
			return authorized(standard.Bounded(transport), config(w, who, nil)).GetClient(), nil
		},
		More: map[string]peer.Case{
			"renew":       peer.NotSupported("x/oauth2 does it: see there"),
			"token-http2": peer.NotSupported("x/oauth2 does it: see there"),
		},
	})
}
