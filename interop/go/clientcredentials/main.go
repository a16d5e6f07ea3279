// golang.org/x/oauth2/clientcredentials: what Go programs use, and half of the cloud's tools.
package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"hallpass/interop/go/peer"
	"hallpass/interop/go/standard"
)

// example
// config(…).Client(ctx).Get(url) fetches, keeps and renews the token.
func config(tokenURL, id, secret string, style oauth2.AuthStyle) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID:     id,
		ClientSecret: secret,
		TokenURL:     tokenURL,
		AuthStyle:    style, // oauth2.AuthStyleInHeader; the default tries both ways
	}
}

// end

var styles = map[string]oauth2.AuthStyle{
	"":             oauth2.AuthStyleAutoDetect,
	standard.Basic: oauth2.AuthStyleInHeader,
	standard.Post:  oauth2.AuthStyleInParams,
}

func prepared(
	w *peer.World, who peer.Login, method string, asked url.Values,
) *clientcredentials.Config {
	config := config(w.Metadata.TokenEndpoint, who.ID, who.Secret, styles[method])
	config.EndpointParams = url.Values{}
	for name, values := range asked {
		if name == "scope" {
			config.Scopes = values
		} else {
			config.EndpointParams[name] = values
		}
	}
	return config
}

func fetch(
	w *peer.World, who peer.Login, method string, asked url.Values,
) (*oauth2.Token, error) {
	return prepared(w, who, method, asked).Token(standard.Bounded(nil))
}

func session(
	w *peer.World, who peer.Login, transport http.RoundTripper,
) (*http.Client, error) {
	return prepared(w, who, standard.Basic, nil).Client(standard.Bounded(transport)), nil
}

// The library finds out which way the server wants the secret, and remembers it. Its first way
// is the header; a wrong secret makes it try the body too.
func probing(w *peer.World) error {
	token, err := fetch(w, w.Credentials["plain"], "", nil)
	if err != nil {
		return err
	}
	_, refusal := fetch(w, w.WrongLogin(), "", nil)
	return errors.Join(
		standard.Good(w, token, ""),
		standard.Library{}.ExpectCode(refusal, "invalid_client"),
	)
}

func http2(w *peer.World) error {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	ctx := standard.Bounded(&http.Transport{Protocols: protocols})
	token, err := prepared(w, w.Credentials["plain"], standard.Basic, nil).Token(ctx)
	if err != nil {
		return err
	}
	return standard.Good(w, token, "")
}

func renew(w *peer.World) error {
	source := prepared(w, w.Credentials["plain"], standard.Basic, nil).
		TokenSource(standard.Bounded(nil))
	old := &oauth2.Token{AccessToken: "old", Expiry: time.Now().Add(-time.Second)}
	token, err := oauth2.ReuseTokenSource(old, source).Token()
	if err != nil {
		return err
	}
	return standard.Good(w, token, "")
}

func otherGrant(w *peer.World) error {
	who := w.Credentials["plain"]
	endpoint := oauth2.Endpoint{TokenURL: w.Metadata.TokenEndpoint}
	config := oauth2.Config{ClientID: who.ID, ClientSecret: who.Secret, Endpoint: endpoint}
	_, err := config.PasswordCredentialsToken(standard.Bounded(nil), "somebody", "something")
	return standard.Library{}.ExpectCode(err, "unsupported_grant_type")
}

func main() {
	standard.Run(standard.Library{
		Module:  "golang.org/x/oauth2",
		Fetch:   fetch,
		Session: session,
		More: map[string]peer.Case{
			"token-auto":        probing,
			"token-http2":       http2,
			"renew":             renew,
			"unsupported-grant": otherGrant,
		},
	})
}
