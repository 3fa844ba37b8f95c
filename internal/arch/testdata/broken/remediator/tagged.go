//go:build never

package remediator

func init() {}
