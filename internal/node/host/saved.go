package host

import (
	"bufio"
	"errors"
	"fmt"
	"github.com/kagu-db/kagu/internal/cluster"
	"io"
	"strings"
)

func parseGrastate(r io.Reader) (cluster.SavedPosition, error) {
	var p cluster.SavedPosition
	ok := 0
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		k, v, _ := strings.Cut(sc.Text(), ":")
		v = strings.TrimSpace(v)
		switch k {
		case "uuid":
			p.UUID = v
			ok++
		case "seqno":
			if _, err := fmt.Sscan(v, &p.Seqno); err != nil {
				return p, err
			}
			ok++
		case "safe_to_bootstrap":
			p.SafeToBootstrap = v == "1"
		}
	}
	if ok != 2 {
		return p, errors.New("not a grastate.dat")
	}
	return p, nil
}
func parseView(r io.Reader) ([]string, error) {
	var m []string
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		if v, ok := strings.CutPrefix(sc.Text(), "member: "); ok {
			m = append(m, strings.Fields(v)[0])
		}
	}
	return m, nil
}
