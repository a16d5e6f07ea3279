package verifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	leewayMaxS     = 300
	longestToken   = 8 * 1024
	longestKid     = 256
	latestS        = 253_402_300_799 // The year 9999: a later date is milliseconds taken for seconds.
	mostGeneration = math.MaxUint32
)

// Claims are those of a token that passed (RFC 9068 §2.2).
type Claims struct {
	Issuer       string
	Audience     []string
	Subject      string
	ClientID     string
	TokenID      string
	IssuedAt     int64
	ExpiresAt    int64
	NotBefore    int64
	Scopes       []string
	Organization string
	// Generation is the `gen` of the secret under which the token was minted, if HasGeneration.
	Generation    uint32
	HasGeneration bool
	// KeyID is the kid of the key that vouched for it.
	KeyID string
	// Raw is the payload as it came: JSON with every claim.
	Raw json.RawMessage
}

// policy is what an API demands of a token.
type policy struct {
	issuer        string
	audiences     []string
	algorithms    []string
	acceptJWTType bool
	leewayS       int64
}

// check refuses what would be no protection.
func (p policy) check() error {
	if p.issuer == "" {
		return errors.New("Issuer: the policy names no issuer")
	}
	isEmpty := func(audience string) bool { return withoutSlash(audience) == "" }
	if len(p.audiences) == 0 || slices.ContainsFunc(p.audiences, isEmpty) {
		return errors.New("Audience: the policy names no audience, or an empty one")
	}
	isUnknown := func(name string) bool { return !slices.Contains(Algorithms, name) }
	if len(p.algorithms) == 0 || slices.ContainsFunc(p.algorithms, isUnknown) {
		return fmt.Errorf("Algorithms: expected some of %s", strings.Join(Algorithms, ", "))
	}
	if p.leewayS < 0 || p.leewayS > leewayMaxS {
		return fmt.Errorf("Leeway: %d s is not between 0 and %d", p.leewayS, leewayMaxS)
	}
	return nil
}

// verify checks a token by its signature and claims alone (RFC 9068 §4). Revocation and scope come
// after it.
func verify(token string, keys map[string]key, p policy, nowS int64) (*Claims, *Rejection) {
	header, rejection := readHeader(token)
	if rejection != nil {
		return nil, rejection
	}
	alg, _ := header["alg"].(string)
	if !slices.Contains(p.algorithms, alg) {
		return nil, reject("wrong_algorithm", "got "+alg)
	}
	typ, _ := header["typ"].(string)
	if !p.accepts(typ) {
		return nil, reject("wrong_type", "expected at+jwt, got "+typ)
	}
	if !header.has("kid") {
		return nil, reject("malformed", "the header has no kid")
	}
	kid, _ := header["kid"].(string)
	known, ok := keys[kid]
	if !ok {
		return nil, reject("unknown_key", "no key has the kid "+kid)
	}
	if alg != known.algorithm {
		return nil, reject("wrong_algorithm", "the key is for "+known.algorithm)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, reject("malformed", err.Error())
	}
	payload, err := signed.Verify(known.public)
	if err != nil {
		return nil, reject("bad_signature", err.Error())
	}
	claims, rejection := readClaims(payload)
	if rejection != nil {
		return nil, rejection
	}
	claims.KeyID = kid
	return claims, p.checkClaims(claims, nowS)
}

func (p policy) accepts(typ string) bool {
	switch strings.ToLower(typ) {
	case "at+jwt", "application/at+jwt":
		return true
	case "jwt", "application/jwt":
		return p.acceptJWTType
	}
	return false
}

// checkClaims checks issuer, audience and dates, on every use of the token.
func (p policy) checkClaims(claims *Claims, nowS int64) *Rejection {
	if claims.Issuer != p.issuer {
		return reject("wrong_issuer", fmt.Sprintf("expected %s, got %s", p.issuer, claims.Issuer))
	}
	isOurs := func(theirs string) bool {
		return slices.ContainsFunc(p.audiences, func(ours string) bool {
			return withoutSlash(ours) == withoutSlash(theirs)
		})
	}
	if !slices.ContainsFunc(claims.Audience, isOurs) {
		return reject("wrong_audience", fmt.Sprintf("expected %v, got %v", p.audiences, claims.Audience))
	}
	if nowS >= claims.ExpiresAt+p.leewayS {
		return reject("expired", fmt.Sprintf("exp is %d, now is %d", claims.ExpiresAt, nowS))
	}
	if begins := max(claims.NotBefore, claims.IssuedAt); begins > nowS+p.leewayS {
		return reject("not_yet_valid", fmt.Sprintf("it begins at %d, now is %d", begins, nowS))
	}
	return nil
}

func readHeader(token string) (members, *Rejection) {
	// Before anything else, so that no input makes us work more than this.
	if len(token) > longestToken {
		return nil, reject("malformed", "longer than 8 KiB")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] == "" {
		return nil, reject("malformed", "not three parts with two dots, or not signed")
	}
	var text []byte
	for i, part := range parts {
		decoded, err := decode(part)
		if err != nil {
			return nil, reject("malformed", "a part is not canonical base64url")
		}
		if i == 0 {
			text = decoded
		}
	}
	header, err := parseObject(text)
	if err != nil {
		return nil, reject("malformed", err.Error())
	}
	// No extension is understood, so any crit names one that is not (RFC 7515 §4.1.11).
	if header.has("crit") || header.has("b64") || header.has("zip") || !header.has("alg") {
		return nil, reject("malformed", "the header has crit, b64 or zip, or no alg")
	}
	for _, name := range []string{"alg", "typ", "kid"} {
		if _, isText := header[name].(string); header.has(name) && !isText {
			return nil, reject("malformed", "a member of the header is not a string")
		}
	}
	if kid, _ := header["kid"].(string); len(kid) > longestKid {
		return nil, reject("malformed", "kid is longer than 256 bytes")
	}
	if alg, _ := header["alg"].(string); !slices.Contains(Algorithms, alg) {
		return nil, reject("wrong_algorithm", "got "+alg)
	}
	return header, nil
}

func readClaims(payload []byte) (*Claims, *Rejection) {
	read, err := parseObject(payload)
	if err != nil {
		return nil, reject("bad_claim", "payload: "+err.Error())
	}
	reader := claimReader{read: read}
	claims := &Claims{
		Issuer:    reader.text("iss"),
		Audience:  reader.audience(),
		Subject:   reader.text("sub"),
		ClientID:  reader.text("client_id"),
		TokenID:   reader.text("jti"),
		IssuedAt:  int64(math.Floor(reader.date("iat"))),
		ExpiresAt: int64(math.Floor(reader.date("exp"))),
		Raw:       payload,
	}
	if read.has("nbf") {
		claims.NotBefore = int64(math.Ceil(reader.date("nbf")))
	}
	if read.has("org") {
		claims.Organization = reader.text("org")
	}
	if read.has("scope") {
		scope, ok := read["scope"].(string)
		reader.demand(ok, "scope")
		claims.Scopes = strings.FieldsFunc(scope, func(c rune) bool { return c == ' ' })
	}
	if read.has("gen") {
		generation, ok := whole(read["gen"])
		reader.demand(ok && generation <= mostGeneration, "gen")
		claims.Generation, claims.HasGeneration = uint32(generation), true
	}
	if reader.bad != "" {
		return nil, reject("bad_claim", reader.bad+" is missing or of the wrong type")
	}
	if read.has("cnf") {
		return nil, reject("bound", "bound to a key by cnf, but came as a plain Bearer token")
	}
	return claims, nil
}

// claimReader remembers the first claim that is not as it must be.
type claimReader struct {
	read members
	bad  string
}

func (r *claimReader) demand(good bool, name string) {
	if !good && r.bad == "" {
		r.bad = name
	}
}

func (r *claimReader) text(name string) string {
	text, ok := r.read.text(name)
	r.demand(ok, name)
	return text
}

func (r *claimReader) date(name string) float64 {
	number, _ := r.read[name].(json.Number)
	seconds, err := number.Float64()
	good := err == nil && seconds >= 0 && seconds <= latestS
	r.demand(good, name)
	if !good {
		return 0
	}
	return seconds
}

func (r *claimReader) audience() []string {
	one, isText := r.read["aud"].(string)
	if isText {
		return []string{one}
	}
	all, _ := r.read["aud"].([]any)
	audience := make([]string, 0, len(all))
	for _, item := range all {
		text, ok := item.(string)
		r.demand(ok, "aud")
		audience = append(audience, text)
	}
	r.demand(len(audience) > 0, "aud")
	return audience
}

// withoutSlash makes equal what half of the world writes with a slash at the end, and half without.
func withoutSlash(audience string) string { return strings.TrimSuffix(audience, "/") }
