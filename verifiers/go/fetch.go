package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const userAgent = "hallpass-verifier-go/0.1"

// statusError is an answer of another status than was hoped for.
type statusError struct {
	of     string
	status int
}

func (e statusError) Error() string { return fmt.Sprintf("%sstatus %d", e.of, e.status) }

// checked is nil if whoever is on the way to this URL cannot put in keys of his own.
func checked(address string, allowPlainHTTP bool) error {
	parts, err := url.Parse(address)
	if err != nil || parts.Host == "" || (parts.Scheme != "https" && parts.Scheme != "http") {
		return fmt.Errorf("%q is not an absolute http or https URL", address)
	}
	if strings.Contains(address, "#") || parts.User != nil {
		return fmt.Errorf("%q has a fragment or a login", address)
	}
	if parts.Scheme == "http" && !allowPlainHTTP && !isLoopback(parts.Hostname()) {
		return fmt.Errorf("%q: keys are fetched over https, except from this machine itself", address)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// fetcher asks the issuer: GET, within bounds of time and size. It follows no redirect, and decides
// nothing about what it has read.
type fetcher struct {
	client *http.Client
	ended  context.Context
}

func newFetcher(client *http.Client, ended context.Context) *fetcher {
	own := http.Client{Transport: http.DefaultTransport}
	if client != nil {
		own = *client
	}
	own.Timeout = 0
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &fetcher{&own, ended}
}

// get asks, and hands the answer to take, with a function that puts off its deadline.
func (f *fetcher) get(
	address string, within time.Duration, headers map[string]string,
	take func(answer *http.Response, putOff func(time.Duration)) error,
) error {
	ctx, cancel := context.WithCancelCause(f.ended)
	defer cancel(nil)
	timer := time.AfterFunc(within, func() { cancel(errors.New("nothing new in time")) })
	defer timer.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", userAgent)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := f.client.Do(request)
	if err == nil {
		defer answer.Body.Close()
		err = take(answer, func(by time.Duration) { timer.Reset(by) })
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// document is a whole JSON document of at most so many bytes, and the headers that came with it.
func (f *fetcher) document(address string, within time.Duration, atMost int64) ([]byte, http.Header, error) {
	var document []byte
	var headers http.Header
	err := f.get(address, within, map[string]string{"Accept": "application/json"},
		func(answer *http.Response, _ func(time.Duration)) (err error) {
			if answer.StatusCode != http.StatusOK {
				return statusError{status: answer.StatusCode}
			}
			headers = answer.Header
			document, err = readAll(answer.Body, atMost)
			return err
		})
	return document, headers, err
}

func readAll(body io.Reader, atMost int64) ([]byte, error) {
	whole, err := io.ReadAll(io.LimitReader(body, atMost+1))
	if err == nil && int64(len(whole)) > atMost {
		return nil, fmt.Errorf("an answer of more than %d bytes", atMost)
	}
	return whole, err
}
