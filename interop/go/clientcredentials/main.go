// golang.org/x/oauth2/clientcredentials: what Go programs use, and half of the cloud's tools.
package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"hallpass/interop/go/peer"
)

const (
	auto   = oauth2.AuthStyleAutoDetect
	header = oauth2.AuthStyleInHeader
	params = oauth2.AuthStyleInParams
)

func config(w *peer.World, who peer.Login, style oauth2.AuthStyle) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID:     who.ID,
		ClientSecret: who.Secret,
		TokenURL:     w.Metadata.TokenEndpoint,
		AuthStyle:    style,
	}
}

func bounded(transport http.RoundTripper) context.Context {
	client := &http.Client{Timeout: 5 * time.Second, Transport: transport}
	return context.WithValue(context.Background(), oauth2.HTTPClient, client)
}

func fetch(config *clientcredentials.Config) (*oauth2.Token, error) {
	return config.Token(bounded(nil))
}

// Checks a token answer: RFC 6749 §5.1, and 24 hours.
func good(w *peer.World, token *oauth2.Token, scope string) error {
	left := time.Until(token.Expiry)
	return errors.Join(
		peer.ExpectEqual("token_type", token.Type(), "Bearer"),
		peer.Expect(left > 24*time.Hour-time.Minute && left <= 24*time.Hour, "it lives %s", left),
		peer.ExpectEqual("scope", token.Extra("scope"), scope),
		peer.Expect(token.Valid(), "the library thinks that the token is not valid"),
		peer.ExpectAudience(token.AccessToken, w.API.Audience),
	)
}

func token(style oauth2.AuthStyle, transport http.RoundTripper, asked ...string) peer.Case {
	return func(w *peer.World) error {
		config := config(w, w.Credentials["plain"], style)
		config.Scopes = asked
		scope := "books:read books:write"
		if len(asked) > 0 {
			scope = asked[0]
		}
		token, err := config.Token(bounded(transport))
		if err != nil {
			return err
		}
		return good(w, token, scope)
	}
}

func http2() http.RoundTripper {
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	return &http.Transport{Protocols: protocols}
}

// The library finds out which way the server wants the secret, and remembers it. Its first way
// is the header; a wrong secret makes it try the body too.
func probing(w *peer.World) error {
	if err := token(auto, nil)(w); err != nil {
		return err
	}
	return refused(w, config(w, w.WrongLogin(), auto), "invalid_client")
}

func otherAPI(parameter string) peer.Case {
	return func(w *peer.World) error {
		config := config(w, w.Credentials["several"], header)
		config.EndpointParams = url.Values{parameter: {w.OtherAPI.Audience}}
		token, err := fetch(config)
		if err != nil {
			return err
		}
		return peer.ExpectAudience(token.AccessToken, w.OtherAPI.Audience)
	}
}

// Checks that there is no token, by the library's own error.
func refused(_ *peer.World, config *clientcredentials.Config, code string) error {
	_, err := fetch(config)
	var own *oauth2.RetrieveError
	if !errors.As(err, &own) {
		return errors.Join(errors.New("no RetrieveError, although "+code+" is due"), err)
	}
	return errors.Join(
		peer.ExpectEqual("error", own.ErrorCode, code),
		peer.Expect(own.ErrorDescription != "", "there is no error_description"),
	)
}

func wrongSecret(style oauth2.AuthStyle) peer.Case {
	return func(w *peer.World) error {
		return refused(w, config(w, w.WrongLogin(), style), "invalid_client")
	}
}

func unknownScope(w *peer.World) error {
	config := config(w, w.Credentials["plain"], header)
	config.Scopes = []string{"books:burn"}
	return refused(w, config, "invalid_scope")
}

func unknownAudience(w *peer.World) error {
	config := config(w, w.Credentials["plain"], header)
	config.EndpointParams = url.Values{"audience": {"https://no.example.com"}}
	return refused(w, config, "invalid_target")
}

func paused(w *peer.World) error {
	return refused(w, config(w, w.Credentials["paused"], header), "invalid_client")
}

func reuse(w *peer.World) error {
	source := config(w, w.Credentials["plain"], header).TokenSource(bounded(nil))
	first, err := source.Token()
	if err != nil {
		return err
	}
	second, err := source.Token()
	return errors.Join(err, peer.ExpectEqual("the second token", second, first))
}

func expectCall(client *http.Client, url string, status int) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	return errors.Join(peer.ExpectEqual("status", answer.StatusCode, status), answer.Body.Close())
}

func call(w *peer.World) error {
	client := config(w, w.Credentials["plain"], header).Client(bounded(nil))
	return errors.Join(
		expectCall(client, w.APIURL, http.StatusOK),
		w.ExpectAPIStatus("", http.StatusUnauthorized),
	)
}

func revokeCredential(w *peer.World) error {
	config := config(w, w.Credentials["doomed"], header)
	source := config.TokenSource(bounded(nil))
	token, err := source.Token()
	if err != nil {
		return err
	}
	client := oauth2.NewClient(bounded(nil), source)
	if err := expectCall(client, w.APIURL, http.StatusOK); err != nil {
		return err
	}
	if err := w.RevokeCredential(); err != nil {
		return err
	}
	return errors.Join(
		w.RefusedInTime(token.AccessToken),
		expectCall(client, w.APIURL, http.StatusUnauthorized),
		refused(w, config, "invalid_client"),
	)
}

func main() {
	noMetadata := peer.NotSupported("it reads no metadata")
	peer.Run("golang.org/x/oauth2", map[string]peer.Case{
		"discover-oauth":     noMetadata,
		"discover-openid":    noMetadata,
		"token-basic":        token(header, nil),
		"token-post":         token(params, nil),
		"token-auto":         probing,
		"token-json":         peer.NotSupported("it only sends forms"),
		"token-empty-body":   peer.NotSupported("it always sends grant_type"),
		"token-http2":        token(header, http2()),
		"scope-given":        token(header, nil, "books:read"),
		"scope-omitted":      token(auto, nil),
		"audience":           otherAPI("audience"),
		"resource":           otherAPI("resource"),
		"wrong-secret-basic": wrongSecret(header),
		"wrong-secret-post":  wrongSecret(params),
		"unknown-scope":      unknownScope,
		"unknown-audience":   unknownAudience,
		"paused":             paused,
		"reuse":              reuse,
		"call":               call,
		"introspect":         peer.NotSupported("it has no helper for introspection"),
		"revoke-token":       peer.NotSupported("it has no helper for revocation"),
		"revoke-credential":  revokeCredential,
	})
}
