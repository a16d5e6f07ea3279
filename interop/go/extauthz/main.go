// Envoy's own messages over Google's gRPC: how Envoy asks `hallpass gateway` by ext_authz.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"hallpass/interop/go/peer"
)

const within = 20 * time.Second

const rules = `
issuer = %q
audience = %q

[[route]]
path = "/health"
anonymous = true

[[route]]
path = "/v1/books/**"
methods = ["GET"]
scopes = ["books:read"]

[[route]]
path = "/v1/books/**"
methods = ["POST"]
scopes = ["books:none"]
`

// A running gateway, and Envoy's end of the line to it.
type gateway struct {
	process *exec.Cmd
	line    *grpc.ClientConn
	folder  string
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func start(w *peer.World) (*gateway, error) {
	folder, err := os.MkdirTemp("", "hallpass-ext-authz-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "gateway.toml")
	text := fmt.Sprintf(rules, w.Issuer, w.API.Audience)
	listen, err1 := freeAddress()
	health, err2 := freeAddress()
	if err := errors.Join(err1, err2, os.WriteFile(file, []byte(text), 0o600)); err != nil {
		return nil, err
	}
	process := exec.Command(w.Hallpass, "gateway", "--rules", file, "--gateway-listen", listen,
		"--gateway-metrics-listen", health)
	if err := process.Start(); err != nil {
		return nil, err
	}
	line, err := grpc.NewClient(listen, grpc.WithTransportCredentials(insecure.NewCredentials()))
	g := &gateway{process, line, folder}
	if err == nil {
		err = ready("http://" + health + "/readyz")
	}
	if err != nil {
		g.end()
		return nil, err
	}
	return g, nil
}

func ready(url string) error {
	for since := time.Now(); time.Since(since) < within; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(url)
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("the gateway is not ready")
}

func (g *gateway) end() {
	g.line.Close()
	g.process.Process.Kill()
	g.process.Wait()
	os.RemoveAll(g.folder)
}

// Asks about a request as Envoy does.
func (g *gateway) check(method, path string, headers map[string]string) (*auth.CheckResponse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	request := &auth.AttributeContext_HttpRequest{
		Id: "1", Method: method, Path: path, Host: "api.example.com", Scheme: "https",
		Protocol: "HTTP/2", Size: -1, Headers: headers,
	}
	attributes := &auth.AttributeContext{
		Source:  &auth.AttributeContext_Peer{Principal: "somebody"},
		Request: &auth.AttributeContext_Request{Http: request},
	}
	question := &auth.CheckRequest{Attributes: attributes}
	return auth.NewAuthorizationClient(g.line).Check(ctx, question)
}

func bearer(token string, more ...string) map[string]string {
	headers := map[string]string{"authorization": "Bearer " + token}
	for _, name := range more {
		headers[name] = "forged"
	}
	return headers
}

func values(options []*core.HeaderValueOption) map[string]string {
	headers := map[string]string{}
	for _, option := range options {
		headers[option.Header.Key] = option.Header.Value
	}
	return headers
}

// Runs a case with a gateway and a token.
func with(act func(*peer.World, *gateway, string) error) peer.Case {
	return func(w *peer.World) error {
		g, err := start(w)
		if err != nil {
			return err
		}
		defer g.end()
		token, err := w.TokenOf(w.Credentials["doomed"], w.API.Audience)
		if err != nil {
			return err
		}
		return act(w, g, token)
	}
}

func passes(w *peer.World, g *gateway, token string) error {
	answer, err := g.check("GET", "/v1/books/7?a=b", bearer(token))
	if err != nil {
		return err
	}
	if err := peer.ExpectEqual("code", codes.Code(answer.Status.Code), codes.OK); err != nil {
		return err
	}
	ok := answer.GetOkResponse()
	for _, option := range ok.Headers {
		overwrites := core.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD
		if err := peer.ExpectEqual("append", option.AppendAction, overwrites); err != nil {
			return err
		}
	}
	headers := values(ok.Headers)
	anybody, err := g.check("GET", "/health", nil)
	return errors.Join(
		err,
		peer.ExpectEqual("client", headers["x-hallpass-client-id"], w.Credentials["doomed"].ID),
		peer.ExpectEqual("audience", headers["x-hallpass-audience"], w.API.Audience),
		peer.ExpectEqual("removed", ok.HeadersToRemove, []string{"authorization"}),
		peer.ExpectEqual("anybody", len(anybody.GetOkResponse().GetHeaders()), 0),
	)
}

func refusals(w *peer.World, g *gateway, token string) error {
	for _, asked := range []struct {
		method, path string
		headers      map[string]string
		code         codes.Code
		status       int
		challenge    string
	}{
		{"GET", "/v1/books", nil, codes.Unauthenticated, 401, `scope="books:read"`},
		{"GET", "/v1/books", bearer("a.b.c"), codes.Unauthenticated, 401, `error="invalid_token"`},
		{"GET", "/v1/books", bearer("a,Bearer b"), codes.InvalidArgument, 400, `error="invalid_request"`},
		{"POST", "/v1/books", bearer(token), codes.PermissionDenied, 403, `scope="books:none"`},
		{"GET", "/elsewhere", bearer(token), codes.PermissionDenied, 403, ""},
		{"GET", "/health/..;/x", bearer(token), codes.InvalidArgument, 400, ""},
	} {
		answer, err := g.check(asked.method, asked.path, asked.headers)
		if err != nil {
			return err
		}
		denied := answer.GetDeniedResponse()
		headers := values(denied.GetHeaders())
		challenge := headers["www-authenticate"]
		err = errors.Join(
			peer.ExpectEqual("code", codes.Code(answer.Status.Code), asked.code),
			peer.ExpectEqual("status", int(denied.GetStatus().GetCode()), asked.status),
			peer.ExpectEqual("type", headers["content-type"], "application/json"),
			peer.Expect(strings.Contains(challenge, asked.challenge), "challenge is %q", challenge),
			peer.Expect(strings.HasPrefix(denied.GetBody(), `{"error":"`), "body is %q", denied.GetBody()),
		)
		if err != nil {
			return fmt.Errorf("%s %s: %w", asked.method, asked.path, err)
		}
	}
	return nil
}

func forged(w *peer.World, g *gateway, token string) error {
	names := []string{"x-hallpass-anything", "x_hallpass_client_id", "x-rewrite-url"}
	answer, err := g.check("GET", "/v1/books", bearer(token, append(names, "x-hallpass-client-id")...))
	if err != nil {
		return err
	}
	ok := answer.GetOkResponse()
	removed := slices.Sorted(slices.Values(ok.GetHeadersToRemove()))
	wanted := slices.Sorted(slices.Values(append(names, "authorization")))
	client := values(ok.GetHeaders())["x-hallpass-client-id"]
	return errors.Join(
		peer.ExpectEqual("removed", removed, wanted),
		peer.ExpectEqual("client", client, w.Credentials["doomed"].ID),
	)
}

func death(w *peer.World, g *gateway, token string) error {
	if err := w.RevokeCredential(); err != nil {
		return err
	}
	for since := time.Now(); ; {
		answer, err := g.check("GET", "/v1/books", bearer(token))
		if err != nil || answer.GetDeniedResponse() != nil {
			return err
		}
		if took := time.Since(since).Seconds(); took > w.RevokedWithinS {
			return fmt.Errorf("it still passes after %.2f s", took)
		}
	}
}

func main() {
	peer.Run("google.golang.org/grpc", map[string]peer.Case{
		"ext-authz-passes":   with(passes),
		"ext-authz-refusals": with(refusals),
		"ext-authz-forged":   with(forged),
		"ext-authz-death":    with(death),
		"ext-authz-config":   config,
	})
}
