// Package peer is what every peer written in Go has: its world, its verdicts, and the Books API
// as a plain caller sees it. It must never use the library under test.
package peer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"runtime/debug"
	"strings"
	"time"
)

const timeout = 5 * time.Second

// Login is a client id and its secret.
type Login struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// API is an API of the installation.
type API struct {
	Audience  string   `json:"audience"`
	Algorithm string   `json:"algorithm"`
	Scopes    []string `json:"scopes"`
}

// World says where everything is, and holds this peer's credentials.
type World struct {
	Issuer   string `json:"issuer"`
	Metadata struct {
		TokenEndpoint      string `json:"token_endpoint"`
		RevocationEndpoint string `json:"revocation_endpoint"`
		JWKSURI            string `json:"jwks_uri"`
	} `json:"metadata"`
	APIURL         string           `json:"api_url"`
	API            API              `json:"api"`
	OtherAPI       API              `json:"other_api"`
	ShortAPI       API              `json:"short_api"`
	LegacyAPI      API              `json:"legacy_api"`
	APIs           []API            `json:"apis"`
	RevokedWithinS float64          `json:"revoked_within_s"`
	Credentials    map[string]Login `json:"credentials"`
	RevokeCommand  []string         `json:"revoke_command"`
	Hallpass       string           `json:"hallpass"`
	EnvoyConfig    string           `json:"envoy_config"`
	Cases          []string         `json:"cases"`
	ExpiredToken   string           `json:"expired_token"`
	ReadyFile      string           `json:"ready_file"`
	RotatedFile    string           `json:"rotated_file"`
}

// Case is an error for whatever went wrong, and nil otherwise.
type Case func(*World) error

type notSupported string

func (why notSupported) Error() string { return string(why) }

// NotSupported is a case that this library cannot answer.
func NotSupported(why string) Case {
	return func(*World) error { return notSupported(why) }
}

// Expect fails the case unless it holds.
func Expect(holds bool, otherwise string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(otherwise, values...)
}

// ExpectEqual fails the case unless both are equal.
func ExpectEqual(what string, got, wanted any) error {
	return Expect(reflect.DeepEqual(got, wanted), "%s is %v, not %v", what, got, wanted)
}

// WrongLogin is a secret of the right form that is not the credential's.
func (w *World) WrongLogin() Login {
	return Login{w.Credentials["plain"].ID, w.Credentials["several"].Secret}
}

// Claims is a token's payload, unverified.
func Claims(token string) (map[string]any, error) {
	return part(token, 1)
}

// Header is a token's header, unverified.
func Header(token string) (map[string]any, error) {
	return part(token, 0)
}

func part(token string, at int) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a JWT")
	}
	bytes, err := base64.RawURLEncoding.DecodeString(parts[at])
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	return values, json.Unmarshal(bytes, &values)
}

// ExpectAudience checks for whom a token is.
func ExpectAudience(token, audience string) error {
	claims, err := Claims(token)
	return errors.Join(err, ExpectEqual("aud", claims["aud"], audience))
}

var client = &http.Client{Timeout: timeout}

// APIStatus is how the Books API answers a call with this token, or without one.
func (w *World) APIStatus(token string) (int, error) {
	request, err := http.NewRequest(http.MethodGet, w.APIURL, nil)
	if err != nil {
		return 0, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// ExpectAPIStatus checks how the Books API answers.
func (w *World) ExpectAPIStatus(token string, status int) error {
	got, err := w.APIStatus(token)
	return errors.Join(err, ExpectEqual("the API's status", got, status))
}

// RevokeCredential ends the credential `doomed`, and returns once that is acknowledged.
func (w *World) RevokeCredential() error {
	return exec.Command(w.RevokeCommand[0], w.RevokeCommand[1:]...).Run()
}

// Kill ends a token early, behind the library's back (RFC 7009).
func (w *World) Kill(token string, who Login) error {
	form := url.Values{"token": {token}, "client_id": {who.ID}, "client_secret": {who.Secret}}
	answer, err := client.PostForm(w.Metadata.RevocationEndpoint, form)
	if err != nil {
		return err
	}
	return errors.Join(answer.Body.Close(), w.RefusedInTime(token))
}

// RefusedInTime waits until the API refuses the token, and fails if that takes too long.
func (w *World) RefusedInTime(token string) error {
	since := time.Now()
	for {
		status, err := w.APIStatus(token)
		if err != nil || status == http.StatusUnauthorized {
			return err
		}
		if took := time.Since(since).Seconds(); took > w.RevokedWithinS {
			return fmt.Errorf("the API still answers %d after %.2f s", status, took)
		}
	}
}

// EchoServer remembers the token that it was sent, for libraries that show it to nobody.
type EchoServer struct {
	*httptest.Server
	Token string
}

// Echo starts one on a free port.
func Echo() *EchoServer {
	echo := &EchoServer{}
	echo.Server = httptest.NewServer(http.HandlerFunc(
		func(_ http.ResponseWriter, request *http.Request) {
			echo.Token, _ = strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		}))
	return echo
}

// PlainToken is a token without any library, for those that only verify.
func (w *World) PlainToken(audience string) (string, error) {
	return w.TokenOf(w.Credentials["several"], audience)
}

// TokenOf is a token of one of the credentials, without any library.
func (w *World) TokenOf(login Login, audience string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {login.ID}}
	form.Set("client_secret", login.Secret)
	form.Set("audience", audience)
	answer, err := client.PostForm(w.Metadata.TokenEndpoint, form)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	return body.AccessToken, json.NewDecoder(answer.Body).Decode(&body)
}

// Run answers every case that the world asks for, one JSON line each. `module` is the library.
func Run(module string, cases map[string]Case) {
	file, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	world := &World{}
	if err := json.Unmarshal(file, world); err != nil {
		panic(err)
	}
	output := json.NewEncoder(os.Stdout)
	print := func(value map[string]string) {
		if err := output.Encode(value); err != nil {
			panic(err)
		}
	}
	print(map[string]string{"version": version(module)})
	for _, name := range world.Cases {
		if act, known := cases[name]; known {
			verdict, detail := verdict(act(world))
			print(map[string]string{"case": name, "verdict": verdict, "detail": detail})
		}
	}
}

func verdict(err error) (string, string) {
	var known notSupported
	switch {
	case err == nil:
		return "ok", ""
	case errors.As(err, &known):
		return "not-supported", err.Error()
	default:
		return "failed", fmt.Sprintf("%T: %v", err, err)
	}
}

func version(module string) string {
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "?"
}
