package verifier

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// What Retry-After says while the trouble is ours, in seconds.
const retryAfterS = 5

// A Rejection is why a request is refused (RFC 6750 §3.1), and how that looks over HTTP. Error is
// for the log; what the caller is told never repeats anything that the caller sent.
type Rejection struct {
	// Reason is a short stable word, the same in all languages.
	Reason string
	detail string
	// What the API says about itself, and what it asks for.
	realm, scope string
}

var descriptions = map[string]string{
	"no_token":           "Send an access token: Authorization: Bearer",
	"other_scheme":       "Send an access token with the scheme Bearer; the token endpoint gives one for client id and secret",
	"invalid_request":    "The Authorization header is malformed",
	"malformed":          "The access token is malformed",
	"wrong_type":         "This is not an access token",
	"wrong_algorithm":    "The signing algorithm is not accepted",
	"unknown_key":        "The signing key is unknown",
	"bad_signature":      "The signature is wrong",
	"bad_claim":          "A claim is missing or has the wrong type",
	"wrong_issuer":       "The access token is from another issuer",
	"wrong_audience":     "The access token is for another API",
	"expired":            "The access token has expired",
	"not_yet_valid":      "The access token is not valid yet; do the clocks of its issuer and of this API agree?",
	"bound":              "The access token is bound to a key and is no Bearer token",
	"revoked":            "The access token has been revoked",
	"insufficient_scope": "The access token lacks a required scope",
	"unavailable":        "Access tokens cannot be verified right now",
}

func reject(reason, detail string) *Rejection {
	return &Rejection{Reason: reason, detail: detail[:min(len(detail), 400)]}
}

// at is the refusal of an API that asks for these scopes.
func (r *Rejection) at(realm string, scopes []string) *Rejection {
	told := *r
	told.realm = realm
	if told.scope == "" {
		told.scope = strings.Join(scopes, " ")
	}
	return &told
}

// Error says what was expected and what came. It is quoted, so that nobody can forge a log line.
func (r *Rejection) Error() string {
	if r.detail == "" {
		return r.Reason
	}
	return r.Reason + ": " + strconv.Quote(r.detail)
}

// Status is the HTTP status.
func (r *Rejection) Status() int {
	switch r.Reason {
	case "unavailable":
		return http.StatusServiceUnavailable
	case "invalid_request":
		return http.StatusBadRequest
	case "insufficient_scope":
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// Code is the error code. Empty when no token came (RFC 6750 §3), or when the trouble is ours.
func (r *Rejection) Code() string {
	switch r.Reason {
	case "no_token", "other_scheme", "unavailable":
		return ""
	case "invalid_request", "insufficient_scope":
		return r.Reason
	}
	return "invalid_token"
}

// Description is a sentence for the caller.
func (r *Rejection) Description() string { return descriptions[r.Reason] }

// Challenge is the value of WWW-Authenticate. Characters that do not fit are left out.
func (r *Rejection) Challenge() string {
	params := []string{`realm="` + fitting(r.realm) + `"`}
	if code := r.Code(); code != "" {
		params = append(params, `error="`+code+`"`, `error_description="`+r.Description()+`"`)
	}
	if r.scope != "" {
		params = append(params, `scope="`+fitting(r.scope)+`"`)
	}
	return "Bearer " + strings.Join(params, ", ")
}

// ServeHTTP answers. The body is JSON, and never empty: popular clients fail on an empty one.
func (r *Rejection) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	header, status := w.Header(), r.Status()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	told := r.Code()
	if status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.Itoa(retryAfterS))
		told = "temporarily_unavailable"
	} else {
		header.Set("WWW-Authenticate", r.Challenge())
	}
	if told == "" {
		told = "missing_token"
	}
	w.WriteHeader(status)
	// A caller that has gone does not want to know.
	_ = json.NewEncoder(w).Encode(map[string]string{
		"error": told, "error_description": r.Description(),
	})
}

// Refuse answers with a Rejection, or with 500 for any other error.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	var rejection *Rejection
	if errors.As(err, &rejection) {
		rejection.ServeHTTP(w, r)
		return
	}
	http.Error(w, "internal server error", http.StatusInternalServerError)
}

func fitting(value string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, value)
}
