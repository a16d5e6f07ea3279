// Package standard has the cases of a client library, made of what the library does: how it
// fetches a token, what its errors are, and, if it keeps tokens, its session. It must never fetch
// a token by itself where the library is to be tested.
package standard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"hallpass/interop/go/peer"
)

// How the secret is sent.
const (
	Basic = "basic"
	Post  = "post"
)

const timeout = 5 * time.Second

// Library is what a library can do.
type Library struct {
	// Module is its name in go.mod.
	Module string
	// Fetch fetches a token; `asked` has the scope and whatever else is sent.
	Fetch func(w *peer.World, who peer.Login, method string, asked url.Values) (*oauth2.Token, error)
	// Code finds the error code in the library's own error, and nothing in others.
	Code func(error) string
	// Methods are the ways in which it sends the secret, the usual one first.
	Methods []string
	// Session makes a client that keeps its token and sends it, over the given transport.
	Session func(w *peer.World, who peer.Login, transport http.RoundTripper) (*http.Client, error)
	// More has cases beyond these, or instead of them.
	More map[string]peer.Case
}

// RetrieveCode is the code of x/oauth2's error, which most others pass on.
func RetrieveCode(err error) string {
	var own *oauth2.RetrieveError
	if errors.As(err, &own) && own.ErrorDescription != "" {
		return own.ErrorCode
	}
	return ""
}

// Bounded is a context in which x/oauth2 gives up.
func Bounded(transport http.RoundTripper) context.Context {
	client := &http.Client{Timeout: timeout, Transport: transport}
	return context.WithValue(context.Background(), oauth2.HTTPClient, client)
}

// Run answers every case.
func Run(library Library) {
	if library.Code == nil {
		library.Code = RetrieveCode
	}
	if library.Methods == nil {
		library.Methods = []string{Basic, Post}
	}
	peer.Run(library.Module, library.table())
}

// Why most libraries have no such case.
var reasons = map[string]string{
	"discover-oauth":    "it reads no metadata",
	"discover-openid":   "it reads no metadata",
	"token-auto":        "one says which way",
	"token-json":        "it only sends forms",
	"token-empty-body":  "it always sends grant_type",
	"token-http2":       "it makes its HTTP client by itself",
	"reuse":             "it keeps no token",
	"renew":             "it keeps no token",
	"unsupported-grant": "it names no grant but its own",
	"introspect":        "it has no helper for introspection",
	"revoke-token":      "it has no helper for revocation",
}

func (l Library) table() map[string]peer.Case {
	wrong := func(w *peer.World) peer.Login { return w.WrongLogin() }
	plain := func(w *peer.World) peer.Login { return w.Credentials["plain"] }
	paused := func(w *peer.World) peer.Login { return w.Credentials["paused"] }
	usual := l.Methods[0]
	cases := map[string]peer.Case{
		"token-basic":        l.token(Basic, nil),
		"token-post":         l.token(Post, nil),
		"scope-given":        l.token(usual, url.Values{"scope": {"books:read"}}),
		"scope-omitted":      l.token(usual, nil),
		"audience":           l.otherAPI("audience"),
		"resource":           l.otherAPI("resource"),
		"imported-secret":    l.imported,
		"wrong-secret-basic": l.Refused("invalid_client", wrong, Basic, nil),
		"wrong-secret-post":  l.Refused("invalid_client", wrong, Post, nil),
		"unknown-scope": l.Refused("invalid_scope", plain, usual,
			url.Values{"scope": {"books:burn"}}),
		"unknown-audience": l.Refused("invalid_target", plain, usual,
			url.Values{"audience": {"https://no.example.com"}}),
		"paused":            l.Refused("invalid_client", paused, usual, nil),
		"call":              l.call,
		"early-death":       l.earlyDeath,
		"revoke-credential": l.revokeCredential,
	}
	if l.Session != nil {
		cases["reuse"] = l.reuse
	}
	for name, why := range reasons {
		if _, known := cases[name]; !known {
			cases[name] = peer.NotSupported(why)
		}
	}
	for name, more := range l.More {
		cases[name] = more
	}
	return cases
}

func (l Library) unless(method string, act peer.Case) peer.Case {
	if slices.Contains(l.Methods, method) {
		return act
	}
	if l.Methods[0] == Basic {
		return peer.NotSupported("it sends the secret by Basic only")
	}
	return peer.NotSupported("it sends the secret in the body only")
}

func (l Library) token(method string, asked url.Values) peer.Case {
	return l.unless(method, func(w *peer.World) error {
		token, err := l.Fetch(w, w.Credentials["plain"], method, asked)
		if err != nil {
			return err
		}
		return Good(w, token, asked.Get("scope"))
	})
}

// Good checks a token answer: RFC 6749 §5.1, and 24 hours.
func Good(w *peer.World, token *oauth2.Token, scope string) error {
	claims, err := peer.Claims(token.AccessToken)
	if err != nil {
		return err
	}
	if scope == "" {
		scope = strings.Join(w.API.Scopes, " ")
	}
	// What a library does not tell, the token does.
	told := token.Extra("scope")
	if told == nil {
		told = claims["scope"]
	}
	expiry := token.Expiry
	if expiry.IsZero() {
		seconds, _ := claims["exp"].(float64)
		expiry = time.Unix(int64(seconds), 0)
	}
	left := time.Until(expiry)
	return errors.Join(
		peer.ExpectEqual("token_type", token.Type(), "Bearer"),
		peer.Expect(left > 24*time.Hour-time.Minute && left <= 24*time.Hour, "it lives %s", left),
		peer.ExpectEqual("scope", told, scope),
		peer.Expect(token.Valid(), "the library thinks that the token is not valid"),
		peer.ExpectAudience(token.AccessToken, w.API.Audience),
	)
}

func (l Library) otherAPI(parameter string) peer.Case {
	return func(w *peer.World) error {
		asked := url.Values{parameter: {w.OtherAPI.Audience}}
		token, err := l.Fetch(w, w.Credentials["several"], l.Methods[0], asked)
		if err != nil {
			return err
		}
		return peer.ExpectAudience(token.AccessToken, w.OtherAPI.Audience)
	}
}

// Refused checks that there is no token, by the library's own error.
func (l Library) Refused(
	code string, who func(*peer.World) peer.Login, method string, asked url.Values,
) peer.Case {
	return l.unless(method, func(w *peer.World) error {
		_, err := l.Fetch(w, who(w), method, asked)
		return l.ExpectCode(err, code)
	})
}

// ExpectCode checks an error.
func (l Library) ExpectCode(err error, code string) error {
	read := l.Code
	if read == nil {
		read = RetrieveCode
	}
	if err == nil || read(err) == "" {
		return errors.Join(errors.New("no error of its own, although "+code+" is due"), err)
	}
	return peer.ExpectEqual("error", read(err), code)
}

func (l Library) imported(w *peer.World) error {
	for _, method := range l.Methods {
		token, err := l.Fetch(w, w.Credentials["imported"], method, nil)
		if err != nil {
			return err
		}
		claims, err := peer.Claims(token.AccessToken)
		wanted := w.Credentials["imported"].ID
		if err := errors.Join(err, peer.ExpectEqual("sub", claims["sub"], wanted)); err != nil {
			return err
		}
	}
	return nil
}

// Sent remembers the token that was sent last.
type Sent struct {
	Token string
}

// RoundTrip sends the request.
func (s *Sent) RoundTrip(request *http.Request) (*http.Response, error) {
	if token, bearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); bearer {
		s.Token = token
	}
	return http.DefaultTransport.RoundTrip(request)
}

// How the library calls the API, and the token that it then sends.
func (l Library) calling(w *peer.World, name string) (func() (int, error), string, error) {
	who := w.Credentials[name]
	if l.Session == nil {
		token, err := l.Fetch(w, who, l.Methods[0], nil)
		if err != nil {
			return nil, "", err
		}
		return func() (int, error) { return w.APIStatus(token.AccessToken) }, token.AccessToken, nil
	}
	sent := &Sent{}
	client, err := l.Session(w, who, sent)
	if err != nil {
		return nil, "", err
	}
	call := func() (int, error) { return Status(client, w.APIURL) }
	status, err := call()
	return call, sent.Token, errors.Join(err, peer.ExpectEqual("status", status, http.StatusOK))
}

// Status is the status of a call by this client.
func Status(client *http.Client, url string) (int, error) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func (l Library) call(w *peer.World) error {
	call, _, err := l.calling(w, "plain")
	if err != nil {
		return err
	}
	status, err := call()
	return errors.Join(
		err,
		peer.ExpectEqual("status", status, http.StatusOK),
		w.ExpectAPIStatus("", http.StatusUnauthorized),
	)
}

func (l Library) earlyDeath(w *peer.World) error {
	call, token, err := l.calling(w, "plain")
	if err != nil {
		return err
	}
	if err := w.Kill(token, w.Credentials["plain"]); err != nil {
		return err
	}
	// Some fetch another at once and try again, most leave that to their user.
	status, err := call()
	known := status == http.StatusOK || status == http.StatusUnauthorized
	if err := errors.Join(err, peer.Expect(known, "the API answers %d", status)); err != nil {
		return err
	}
	next, err := l.Fetch(w, w.Credentials["plain"], l.Methods[0], nil)
	if err != nil {
		return err
	}
	return errors.Join(
		peer.Expect(next.AccessToken != token, "the library gave the dead token again"),
		w.ExpectAPIStatus(next.AccessToken, http.StatusOK),
	)
}

func (l Library) revokeCredential(w *peer.World) error {
	call, token, err := l.calling(w, "doomed")
	if err != nil {
		return err
	}
	if _, err := call(); err != nil {
		return err
	}
	if err := w.RevokeCredential(); err != nil {
		return err
	}
	doomed := func(w *peer.World) peer.Login { return w.Credentials["doomed"] }
	return errors.Join(
		w.RefusedInTime(token),
		l.Refused("invalid_client", doomed, l.Methods[0], nil)(w),
	)
}

func (l Library) reuse(w *peer.World) error {
	sent := &Sent{}
	client, err := l.Session(w, w.Credentials["plain"], sent)
	if err != nil {
		return err
	}
	tokens := [2]string{}
	for at := range tokens {
		status, err := Status(client, w.APIURL)
		if err := errors.Join(err, peer.ExpectEqual("status", status, http.StatusOK)); err != nil {
			return err
		}
		tokens[at] = sent.Token
	}
	return peer.ExpectEqual("the second call's token", tokens[1], tokens[0])
}
