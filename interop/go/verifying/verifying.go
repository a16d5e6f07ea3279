// Package verifying has the cases of libraries that verify tokens. It must never decide whether a
// token is good.
package verifying

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"hallpass/interop/go/peer"
)

// How often a verifier asks for a token during the rotation: all of them are the load.
const every = 200 * time.Millisecond
const rotatedWithin = 2 * time.Minute

// Verified after the new keys sign.
const afterwards = 5

// Library is what a library can do.
type Library struct {
	// Module is its name in go.mod.
	Module string
	// Verify verifies a token for an audience, and gives its claims.
	Verify func(w *peer.World, token, audience, algorithm string) (map[string]any, error)
	// Refusal knows the library's own errors.
	Refusal func(error) bool
	// Algorithms that it knows; all of ours, if empty.
	Algorithms []string
	// IgnoresTyp is why it does not look at the type.
	IgnoresTyp string
}

// Run answers every case.
func Run(library Library) {
	if len(library.Algorithms) == 0 {
		library.Algorithms = []string{"ES256", "RS256", "EdDSA"}
	}
	same := func(token string) string { return token }
	own := func(w *peer.World) string { return w.API.Audience }
	other := func(w *peer.World) string { return w.OtherAPI.Audience }
	wrongType := library.wrongType
	if library.IgnoresTyp != "" {
		wrongType = peer.NotSupported(library.IgnoresTyp)
	}
	peer.Run(library.Module, map[string]peer.Case{
		"verify-es256":   library.signed("ES256"),
		"verify-rs256":   library.signed("RS256"),
		"verify-eddsa":   library.signed("EdDSA"),
		"claims":         library.allClaims,
		"other-audience": library.refused(same, other),
		"changed-token":  library.refused(withChangedSignature, own),
		"other-key":      library.refused(withOtherKid, own),
		"expired":        library.expired,
		"wrong-type":     wrongType,
		"rotation":       library.rotation,
	})
}

// MapClaims reads claims that a library keeps as bytes.
func MapClaims(payload []byte) (map[string]any, error) {
	claims := map[string]any{}
	return claims, json.Unmarshal(payload, &claims)
}

func (l Library) signed(algorithm string) peer.Case {
	if !slices.Contains(l.Algorithms, algorithm) {
		return peer.NotSupported("it does not know " + algorithm)
	}
	return func(w *peer.World) error {
		api := apiOf(w, algorithm)
		token, err := w.PlainToken(api.Audience)
		if err != nil {
			return err
		}
		claims, err := l.Verify(w, token, api.Audience, algorithm)
		if err != nil {
			return err
		}
		header, err := peer.Header(token)
		return errors.Join(
			err,
			peer.ExpectEqual("typ", header["typ"], "at+jwt"),
			peer.ExpectEqual("alg", header["alg"], algorithm),
			peer.ExpectEqual("iss", claims["iss"], w.Issuer),
		)
	}
}

func apiOf(w *peer.World, algorithm string) peer.API {
	for _, api := range w.APIs {
		if api.Algorithm == algorithm {
			return api
		}
	}
	panic("no API signs with " + algorithm)
}

func (l Library) allClaims(w *peer.World) error {
	token, err := w.PlainToken(w.API.Audience)
	if err != nil {
		return err
	}
	claims, err := l.Verify(w, token, w.API.Audience, "ES256")
	if err != nil {
		return err
	}
	id := w.Credentials["several"].ID
	jti, _ := claims["jti"].(string)
	issued, isNumber := claims["iat"].(float64)
	expires, areNumbers := claims["exp"].(float64)
	return errors.Join(
		peer.ExpectEqual("sub", claims["sub"], id),
		peer.ExpectEqual("client_id", claims["client_id"], id),
		peer.ExpectEqual("scope", claims["scope"], strings.Join(w.API.Scopes, " ")),
		peer.ExpectEqual("aud", claims["aud"], w.API.Audience),
		peer.Expect(jti != "", "jti is %v", claims["jti"]),
		peer.Expect(isNumber && areNumbers, "iat and exp are no numbers: %v", claims),
		peer.ExpectEqual("exp - iat", expires-issued, 86_400.0),
	)
}

func (l Library) expectRefusal(w *peer.World, token, audience string) error {
	_, err := l.Verify(w, token, audience, "ES256")
	if err == nil {
		return errors.New("the token was taken for good")
	}
	if !l.Refusal(err) {
		return errors.Join(errors.New("this is not how the library refuses"), err)
	}
	return nil
}

func (l Library) refused(change func(string) string, audience func(*peer.World) string) peer.Case {
	return func(w *peer.World) error {
		token, err := w.PlainToken(w.API.Audience)
		if err != nil {
			return err
		}
		return l.expectRefusal(w, change(token), audience(w))
	}
}

func (l Library) expired(w *peer.World) error {
	audience := w.ShortAPI.Audience
	fresh, err := w.PlainToken(audience)
	if err != nil {
		return err
	}
	// That it is a good one but for its age, a fresh one shows.
	if _, err := l.Verify(w, fresh, audience, "ES256"); err != nil {
		return err
	}
	return l.expectRefusal(w, w.ExpiredToken, audience)
}

func (l Library) wrongType(w *peer.World) error {
	token, err := w.PlainToken(w.LegacyAPI.Audience)
	if err != nil {
		return err
	}
	return l.expectRefusal(w, token, w.LegacyAPI.Audience)
}

// Verifies while the keys change, from before the first new one to after the last old one.
func (l Library) rotation(w *peer.World) error {
	look := func() (map[string]string, error) {
		tokens := map[string]string{}
		for _, algorithm := range l.Algorithms {
			audience := apiOf(w, algorithm).Audience
			token, err := w.PlainToken(audience)
			if err != nil {
				return nil, err
			}
			if _, err := l.Verify(w, token, audience, algorithm); err != nil {
				return nil, err
			}
			tokens[algorithm] = token
		}
		return tokens, nil
	}
	first, err := look()
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.ReadyFile, nil, 0o600); err != nil {
		return err
	}
	until := time.Now().Add(rotatedWithin)
	for !exists(w.RotatedFile) {
		if time.Now().After(until) {
			return errors.New("the keys were not rotated in time")
		}
		if _, err := look(); err != nil {
			return err
		}
		time.Sleep(every)
	}
	var last map[string]string
	for range afterwards {
		if last, err = look(); err != nil {
			return err
		}
	}
	for algorithm, token := range first {
		old, err := peer.Header(token)
		young, err2 := peer.Header(last[algorithm])
		_, err3 := l.Verify(w, token, apiOf(w, algorithm).Audience, algorithm)
		changed := peer.Expect(old["kid"] != young["kid"], "%s: still the same key", algorithm)
		if err := errors.Join(err, err2, err3, changed); err != nil {
			return err
		}
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// One character changed in the middle of the signature: the last one may hold unused bits.
func withChangedSignature(token string) string {
	at := strings.LastIndexByte(token, '.') + 40
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

func withOtherKid(token string) string {
	header, err := peer.Header(token)
	if err != nil {
		panic(err)
	}
	header["kid"] = "unheard-of"
	// A map of strings always has a JSON form.
	text, _ := json.Marshal(header)
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString(text) + "." + rest
}
