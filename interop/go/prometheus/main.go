// github.com/prometheus/common/config: the HTTP client of Prometheus and its exporters.
package main

import (
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/prometheus/common/config"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/standard"
)

// example
// The same as `oauth2:` in prometheus.yml: github.com/prometheus/common/config
func authorized(
	tokenURL, id, secret string, scopes []string, more map[string]string,
) (*http.Client, error) {
	return config.NewClientFromConfig(config.HTTPClientConfig{OAuth2: &config.OAuth2{
		ClientID: id, ClientSecret: config.Secret(secret), TokenURL: tokenURL,
		Scopes: scopes, EndpointParams: more,
	}}, "books") // fetches, keeps and renews the token
}

// end

// It only calls: the token is what it sent.
func fetch(
	w *peer.World, who peer.Login, _ string, asked url.Values,
) (*oauth2.Token, error) {
	var scopes []string
	more := map[string]string{}
	for name := range asked {
		if name == "scope" {
			scopes = asked[name]
		} else {
			more[name] = asked.Get(name)
		}
	}
	client, err := authorized(w.Metadata.TokenEndpoint, who.ID, who.Secret, scopes, more)
	if err != nil {
		return nil, err
	}
	echo := peer.Echo()
	defer echo.Close()
	if _, err := standard.Status(client, echo.URL); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: echo.Token}, nil
}

func main() {
	standard.Run(standard.Library{
		Module:  "github.com/prometheus/common",
		Fetch:   fetch,
		Methods: []string{standard.Basic},
		More: map[string]peer.Case{
			"call":       call,
			"token-auto": call,
			"renew":      peer.NotSupported("x/oauth2 does it: see there"),
		},
	})
}

func call(w *peer.World) error {
	who := w.Credentials["plain"]
	client, err := authorized(w.Metadata.TokenEndpoint, who.ID, who.Secret, nil, nil)
	if err != nil {
		return err
	}
	status, err := standard.Status(client, w.APIURL)
	if err != nil {
		return err
	}
	return peer.ExpectEqual("status", status, http.StatusOK)
}
