package verifier

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms are those that exist here, and all that are accepted unless chosen otherwise.
var Algorithms = []string{"ES256", "RS256", "EdDSA"}

const (
	mostKeys     = 100
	leastRSABits = 2048
	mostRSABits  = 8192
)

var (
	privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
	material       = map[string][]string{
		"ES256": {"kty", "crv", "x", "y"}, "RS256": {"kty", "n", "e"}, "EdDSA": {"kty", "crv", "x"},
	}
)

// key is one of the issuer's public keys (RFC 7517), for the one algorithm that its kind allows.
// The cryptography is go-jose's.
type key struct {
	algorithm string
	public    any
}

// decode reads canonical base64url (RFC 7515 §2): each value has one spelling.
func decode(text string) ([]byte, error) {
	// The decoder steps over line breaks.
	for _, c := range text {
		if c == '\n' || c == '\r' {
			return nil, errors.New("not base64url")
		}
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// parseKeys finds the usable keys of a JWK Set by kid; those that are not for us are stepped over,
// and of two with the same kid the first counts.
func parseKeys(document []byte) (map[string]key, error) {
	set, err := parseObject(document)
	if err != nil {
		return nil, fmt.Errorf("not a JWK Set: %w", err)
	}
	keys, ok := set["keys"].([]any)
	if !ok || len(keys) > mostKeys {
		return nil, errors.New("not a JWK Set of at most 100 keys")
	}
	found := map[string]key{}
	for _, one := range keys {
		jwk, _ := one.(members)
		kid, usable, ok := usableKey(jwk)
		if _, known := found[kid]; ok && !known {
			found[kid] = usable
		}
	}
	if len(found) == 0 {
		return nil, errors.New("a JWK Set without a single usable key")
	}
	return found, nil
}

// usableKey is false for a key that is not for us, or whose secret is out.
func usableKey(jwk members) (kid string, usable key, ok bool) {
	if jwk == nil || slices.ContainsFunc(privateMembers, jwk.has) {
		return "", key{}, false
	}
	algorithm := algorithmOf(jwk)
	if algorithm == "" || (jwk.has("alg") && jwk["alg"] != algorithm) {
		return "", key{}, false
	}
	if jwk.has("use") && jwk["use"] != "sig" {
		return "", key{}, false
	}
	if jwk.has("key_ops") {
		ops, _ := jwk["key_ops"].([]any)
		if !slices.Contains(ops, any("verify")) {
			return "", key{}, false
		}
	}
	public := members{}
	for _, name := range material[algorithm] {
		text, ok := jwk[name].(string)
		if _, err := decode(text); !ok || (name != "kty" && name != "crv" && err != nil) {
			return "", key{}, false
		}
		public[name] = text
	}
	return parsedKey(jwk, public, algorithm)
}

func parsedKey(jwk, public members, algorithm string) (string, key, bool) {
	var parsed jose.JSONWebKey
	text, err := json.Marshal(public)
	if err != nil || parsed.UnmarshalJSON(text) != nil || !parsed.Valid() {
		return "", key{}, false
	}
	if rsaKey, ok := parsed.Key.(*rsa.PublicKey); ok {
		if bits := rsaKey.N.BitLen(); bits < leastRSABits || bits > mostRSABits {
			return "", key{}, false
		}
	}
	kid, ok := jwk["kid"].(string)
	if !jwk.has("kid") {
		// RFC 7638: the name of a key that has none.
		thumbprint, err := parsed.Thumbprint(crypto.SHA256)
		kid, ok = base64.RawURLEncoding.EncodeToString(thumbprint), err == nil
	}
	return kid, key{algorithm, parsed.Key}, ok
}

func algorithmOf(jwk members) string {
	switch {
	case jwk["kty"] == "RSA":
		return "RS256"
	case jwk["kty"] == "EC" && jwk["crv"] == "P-256":
		return "ES256"
	case jwk["kty"] == "OKP" && jwk["crv"] == "Ed25519":
		return "EdDSA"
	}
	return ""
}
