package verifier

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

type tokenTable struct {
	Issuer     string
	Audience   string
	JWKS       json.RawMessage
	Rejections []struct {
		Reason, Description string
		Error               *string
	}
	Headers []struct {
		Value, Token *string
		Verdict      string
	}
	Tokens []struct {
		Say, Token, Verdict string
		Now                 int64
	}
}

func table(t *testing.T) (read tokenTable) {
	vectors(t, "tokens.json", &read)
	return read
}

func verdictOf(rejection *Rejection) string {
	if rejection == nil {
		return "ok"
	}
	return rejection.Reason
}

func TestEveryTokenOfTheTableGetsItsVerdict(t *testing.T) {
	table := table(t)
	keys, err := parseKeys(table.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "number of keys", len(keys), 3)
	p := policy{issuer: table.Issuer, audiences: []string{table.Audience}, algorithms: Algorithms, leewayS: 30}
	for _, one := range table.Tokens {
		_, rejection := verify(one.Token, keys, p, one.Now)
		equal(t, one.Say, verdictOf(rejection), one.Verdict)
	}
	if len(table.Tokens) < 100 {
		t.Error("the table is short")
	}
}

func TestEveryHeaderOfTheTableIsReadSo(t *testing.T) {
	for _, one := range table(t).Headers {
		var values []string
		if one.Value != nil {
			values = append(values, *one.Value)
		}
		token, rejection := parseBearer(values)
		equal(t, strings.Join(values, ""), verdictOf(rejection), one.Verdict)
		if one.Token != nil {
			equal(t, "token", token, *one.Token)
		}
	}
	_, rejection := parseBearer([]string{"Bearer a", "Bearer b"})
	equal(t, "two headers", verdictOf(rejection), "invalid_request")
}

func TestCallersAreToldWhatTheTableSays(t *testing.T) {
	rejections := table(t).Rejections
	equal(t, "number of reasons", len(descriptions), len(rejections))
	for _, one := range rejections {
		rejection := reject(one.Reason, "").at("bo\"oks\r\n", []string{"a"})
		code := ""
		if one.Error != nil {
			code = *one.Error
		}
		equal(t, "error", rejection.Code(), code)
		equal(t, "description", rejection.Description(), one.Description)
		answer := httptest.NewRecorder()
		Refuse(answer, nil, rejection)
		status := map[string]int{"invalid_request": 400, "insufficient_scope": 403}[code]
		if status == 0 {
			status = 401
		}
		challenge := `Bearer realm="books", `
		if code != "" {
			challenge += `error="` + code + `", error_description="` + one.Description + `", `
		}
		challenge += `scope="a"`
		if one.Reason == "unavailable" {
			status, challenge = 503, ""
			equal(t, "Retry-After", answer.Header().Get("Retry-After"), "5")
		}
		equal(t, one.Reason, answer.Code, status)
		equal(t, one.Reason, answer.Header().Get("WWW-Authenticate"), challenge)
	}
}

func TestPoliciesThatAreNoProtectionAreRefused(t *testing.T) {
	for name, wrong := range map[string]func(*Options){
		"issuer":      func(o *Options) { o.Issuer = "" },
		"audiences":   func(o *Options) { o.Audience = nil },
		"slash":       func(o *Options) { o.Audience = []string{"/"} },
		"algorithms":  func(o *Options) { o.Algorithms = []string{} },
		"HS256":       func(o *Options) { o.Algorithms = []string{"HS256"} },
		"leeway":      func(o *Options) { o.Leeway = 301e9 },
		"staleness":   func(o *Options) { o.MaxStaleness = 4e9 },
		"when stale":  func(o *Options) { o.WhenStale = "open" },
		"revocations": func(o *Options) { o.Revocations = "on" },
		"plain http":  func(o *Options) { o.Issuer = "http://i.example" },
		"ftp":         func(o *Options) { o.Issuer = "ftp://i.example" },
		"login":       func(o *Options) { o.Issuer = "https://u@i.example" },
		"query":       func(o *Options) { o.Issuer = "https://i.example/?a" },
		"fragment":    func(o *Options) { o.Issuer = "https://i.example/#a" },
		"no URL":      func(o *Options) { o.Issuer = "issuer" },
	} {
		options := Options{Issuer: "https://i.example", Audience: []string{"a"}, Log: silent}
		wrong(&options)
		if _, err := New(options); err == nil {
			t.Error(name)
		}
	}
}

func TestJSONIsReadStrictly(t *testing.T) {
	for _, text := range []string{
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"b":[{"a":1,"a":2}]}`, `{"a":NaN}`, `{"a":1}x`, `{"a":1}{}`,
		`{"a" 1}`, `{"a":1,}`, "\ufeff{}", "{\"a\":\"\xff\"}", "[]", "null", "", `{"a":` + strings.Repeat("[", 1_000_000),
	} {
		if _, err := parseObject([]byte(text)); err == nil {
			t.Errorf("%.30s", text)
		}
	}
}

func TestOnlyUsableKeySetsAreTakenOver(t *testing.T) {
	for _, text := range []string{
		"<html>", "{}", `{"keys":[]}`, `{"keys":{}}`, `{"keys":[{"kty":"oct","kid":"x","k":"AA"}]}`,
		`{"keys":[{"kty":["EC"],"crv":{}},null,1]}`,
	} {
		if _, err := parseKeys([]byte(text)); err == nil {
			t.Error(text)
		}
	}
}
