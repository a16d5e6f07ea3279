package verifier

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// How deep values may be nested: as in the Rust verifier.
const deepest = 128

// members are those of an object. encoding/json's structs would match names in any case, and take
// the last of two members of one name; two readers could then each believe a different one
// (RFC 7515 §4, RFC 7519 §4).
type members map[string]any

func parseObject(text []byte) (members, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := parseValue(decoder, deepest)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something comes after the object")
	}
	object, ok := value.(members)
	if !ok {
		return nil, errors.New("not an object")
	}
	return object, nil
}

func parseValue(decoder *json.Decoder, deeper int) (any, error) {
	if deeper == 0 {
		return nil, errors.New("nested too deeply")
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := members{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			// The decoder lets only strings be names.
			text, _ := name.(string)
			if _, twice := object[text]; twice {
				return nil, errors.New("a member appears twice")
			}
			if object[text], err = parseValue(decoder, deeper-1); err != nil {
				return nil, err
			}
		}
		_, err = decoder.Token()
		return object, err
	case json.Delim('['):
		array := []any{}
		for decoder.More() {
			item, err := parseValue(decoder, deeper-1)
			if err != nil {
				return nil, err
			}
			array = append(array, item)
		}
		_, err = decoder.Token()
		return array, err
	}
	return token, nil
}

// whole is a whole number that is not negative.
func whole(value any) (uint64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number.String(), 10, 64)
	return n, err == nil
}

// text is a string that is not empty.
func (m members) text(name string) (string, bool) {
	text, ok := m[name].(string)
	return text, ok && text != ""
}

func (m members) has(name string) bool {
	_, ok := m[name]
	return ok
}
