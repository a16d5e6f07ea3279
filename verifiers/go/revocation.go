package verifier

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
)

// handle is what stands for an identifier in the feed.
func handle(identifier string) string {
	digest := sha256.Sum256([]byte(identifier))
	return base64.RawURLEncoding.EncodeToString(digest[:16])
}

// errNotUnderstood is an entry of which this version cannot say what it kills. It is never applied
// in part.
var errNotUnderstood = errors.New("not understood")

type identity struct{ kind, name string }

type entry struct {
	gens    []uint32
	hasGens bool
	before  uint64
	until   uint64
}

func readEntry(read members) (identity, entry, error) {
	bad := func(why string) (identity, entry, error) {
		return identity{}, entry{}, fmt.Errorf("%w: %s", errNotUnderstood, why)
	}
	kinds := slices.DeleteFunc([]string{"h", "t", "k", "o"}, func(kind string) bool { return !read.has(kind) })
	if len(kinds) != 1 {
		return bad("of an unknown kind, or of more than one")
	}
	id := identity{kind: kinds[0]}
	if (read.has("gens") && id.kind != "h") || (read.has("before") && id.kind != "o") {
		return bad("a limit beside another subject")
	}
	name, ok := read[id.kind].(string)
	if !ok || (id.kind != "k" && !isHandle(name)) {
		return bad("a handle is none")
	}
	id.name = name
	made := entry{before: math.MaxUint64}
	if made.until, ok = whole(read["until"]); !ok {
		return bad("until is not a whole number of seconds")
	}
	if read.has("before") {
		if made.before, ok = whole(read["before"]); !ok {
			return bad("before is not a whole number of seconds")
		}
	}
	if made.hasGens = read.has("gens"); made.hasGens {
		gens, ok := read["gens"].([]any)
		if !ok {
			return bad("gens is not an array")
		}
		for _, one := range gens {
			gen, ok := whole(one)
			if !ok || gen > mostGeneration {
				return bad("gens has something else than small integers")
			}
			made.gens = append(made.gens, uint32(gen))
		}
	}
	return id, made, nil
}

func isHandle(text string) bool {
	decoded, err := decode(text)
	return err == nil && len(decoded) == 16
}

// dead holds the live entries by identity.
type dead map[identity]entry

// apply takes over one entry; a later one of the same identity replaces the earlier one, even where
// it kills less.
func (d dead) apply(read members) error {
	id, made, err := readEntry(read)
	if err == nil {
		d[id] = made
	}
	return err
}

// prune forgets what kills nothing any more.
func (d dead) prune(nowS int64) {
	for id, one := range d {
		if uint64(max(nowS, 0)) >= one.until {
			delete(d, id)
		}
	}
}

// verdict is what killed the token, or empty if it lives.
func (d dead) verdict(claims *Claims, nowS int64) string {
	live := func(kind, name string) (entry, bool) {
		found, ok := d[identity{kind, name}]
		return found, ok && uint64(max(nowS, 0)) < found.until
	}
	if found, ok := live("h", handle(claims.ClientID)); ok {
		if !found.hasGens {
			return "credential"
		}
		if claims.HasGeneration && slices.Contains(found.gens, claims.Generation) {
			return "generation"
		}
		if !claims.HasGeneration && len(found.gens) > 0 {
			return "generation"
		}
	}
	if _, ok := live("t", handle(claims.TokenID)); ok {
		return "token"
	}
	if claims.Organization != "" {
		found, ok := live("o", handle(claims.Organization))
		if ok && uint64(claims.IssuedAt) < found.before {
			return "organization"
		}
	}
	if _, ok := live("k", claims.KeyID); ok {
		return "key"
	}
	return ""
}
