package remediator

import "testing"

func TestServer(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
}
