// Package httpjson is how the daemons' HTTP APIs and their clients speak: JSON both ways, bounded,
// and an error as {"error": "a sentence"}.
package httpjson
