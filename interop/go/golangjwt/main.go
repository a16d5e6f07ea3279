// golang-jwt with keyfunc: how Go APIs verify tokens by a JWKS.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"hallpass/interop/go/peer"
)

// What the library says of a token that it does not take.
var refusals = []error{
	jwt.ErrTokenInvalidAudience, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenUnverifiable,
}

func verify(w *peer.World, text, audience, algorithm string) (jwt.MapClaims, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{w.Metadata.JWKSURI})
	if err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(text, claims, keys.KeyfuncCtx(ctx),
		jwt.WithValidMethods([]string{algorithm}),
		jwt.WithIssuer(w.Issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
	)
	return claims, err
}

func signed(algorithm string) peer.Case {
	return func(w *peer.World) error {
		for _, api := range w.APIs {
			if api.Algorithm == algorithm {
				return signedFor(w, api)
			}
		}
		return errors.New("no API signs with " + algorithm)
	}
}

func signedFor(w *peer.World, api peer.API) error {
	token, err := w.PlainToken(api.Audience)
	if err != nil {
		return err
	}
	claims, err := verify(w, token, api.Audience, api.Algorithm)
	if err != nil {
		return err
	}
	header, err := peer.Header(token)
	return errors.Join(
		err,
		peer.ExpectEqual("typ", header["typ"], "at+jwt"),
		peer.ExpectEqual("alg", header["alg"], api.Algorithm),
		peer.ExpectEqual("iss", claims["iss"], w.Issuer),
	)
}

func allClaims(w *peer.World) error {
	token, err := w.PlainToken(w.API.Audience)
	if err != nil {
		return err
	}
	claims, err := verify(w, token, w.API.Audience, "ES256")
	if err != nil {
		return err
	}
	id := w.Credentials["several"].ID
	jti, _ := claims["jti"].(string)
	issued, err := claims.GetIssuedAt()
	expires, err2 := claims.GetExpirationTime()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return errors.Join(
		peer.ExpectEqual("sub", claims["sub"], id),
		peer.ExpectEqual("client_id", claims["client_id"], id),
		peer.ExpectEqual("scope", claims["scope"], strings.Join(w.API.Scopes, " ")),
		peer.ExpectEqual("aud", claims["aud"], w.API.Audience),
		peer.Expect(jti != "", "jti is %v", claims["jti"]),
		peer.ExpectEqual("exp - iat", expires.Sub(issued.Time), 24*time.Hour),
	)
}

func refused(change func(string) string, audience func(*peer.World) string) peer.Case {
	return func(w *peer.World) error {
		token, err := w.PlainToken(w.API.Audience)
		if err != nil {
			return err
		}
		_, err = verify(w, change(token), audience(w), "ES256")
		for _, refusal := range refusals {
			if errors.Is(err, refusal) {
				return nil
			}
		}
		return errors.Join(errors.New("the token was not refused as bad"), err)
	}
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

func main() {
	same := func(token string) string { return token }
	own := func(w *peer.World) string { return w.API.Audience }
	other := func(w *peer.World) string { return w.OtherAPI.Audience }
	peer.Run("github.com/golang-jwt/jwt/v5", map[string]peer.Case{
		"verify-es256":   signed("ES256"),
		"verify-rs256":   signed("RS256"),
		"verify-eddsa":   signed("EdDSA"),
		"claims":         allClaims,
		"other-audience": refused(same, other),
		"changed-token":  refused(withChangedSignature, own),
		"other-key":      refused(withOtherKid, own),
	})
}
