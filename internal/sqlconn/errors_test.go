package sqlconn

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestWhoIsNotLetInIsToldWhatToCompare(t *testing.T) {
	said := &mysql.MySQLError{Number: 1045, Message: "Access denied for user 'kagu_monitor'@'10.0.0.5' (using password: YES)"}
	err := wrap("10.0.0.11:3306", said)
	if !errors.Is(err, ErrDenied) || !errors.As(err, &said) {
		t.Errorf("got %v", err)
	}
	for _, part := range []string{"query 10.0.0.11:3306", "kagu_monitor'@'10.0.0.5'", "kagu grants", "the credential's file"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: it does not name %s", err, part)
		}
	}
}
