package verifier

import "strings"

// parseBearer reads the access token out of the only Authorization header (RFC 6750 §2.1), and out
// of nothing else (RFC 9700 §4.3.2).
func parseBearer(authorization []string) (string, *Rejection) {
	if len(authorization) == 0 {
		return "", reject("no_token", "")
	}
	if len(authorization) > 1 {
		// Each of two readers could believe another one.
		return "", reject("invalid_request", "several Authorization headers")
	}
	scheme, rest, _ := strings.Cut(authorization[0], " ")
	if scheme == "" {
		return "", reject("invalid_request", "the Authorization header names no scheme")
	}
	if !strings.EqualFold(scheme, "bearer") {
		return "", reject("other_scheme", "")
	}
	token := strings.TrimLeft(rest, " ")
	if !isB64Token(token) {
		return "", reject("invalid_request", "no b64token follows the scheme Bearer")
	}
	return token, nil
}

func isB64Token(token string) bool {
	body := strings.TrimRight(token, "=")
	for _, c := range []byte(body) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", rune(c)) {
			return false
		}
	}
	return body != ""
}
