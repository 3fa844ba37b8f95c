package galera

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/kagu-db/kagu/internal/sqlconn"
)

// A chunk is a part of a table that one session reads.
type chunk struct {
	table int    // in the list
	where string // "" for all of it
	size  int64
}

// chunkSize is about how much of a table one chunk holds, so that several sessions share a large
// one and none of them works long after the others.
const chunkSize = 64 << 20

// chunks cuts tables for n sessions, the largest pieces first.
func chunks(ctx context.Context, sql *sqlconn.Session, tables []table, size int64) ([]chunk, error) {
	var all []chunk
	for i, t := range tables {
		if !t.holds() {
			continue
		}
		pieces := min(int(t.size/size)+1, 1000)
		if t.key == "" || pieces < 2 {
			all = append(all, chunk{table: i, size: t.size})
			continue
		}
		key := sqlconn.Name(t.key)
		ends, err := sql.Texts(ctx, fmt.Sprintf("SELECT MIN(%s), MAX(%s) FROM %s", key, key, t))
		if err != nil {
			return nil, fmt.Errorf("look at the key of %s: %w", t, err)
		}
		var low, high big.Int
		_, okLow := low.SetString(ends[0][0], 10)
		_, okHigh := high.SetString(ends[0][1], 10)
		if !okLow || !okHigh { // it is empty
			all = append(all, chunk{table: i, size: t.size})
			continue
		}
		for _, where := range ranges(key, &low, &high, pieces) {
			all = append(all, chunk{table: i, where: where, size: t.size / int64(pieces)})
		}
	}
	slices.SortStableFunc(all, func(a, b chunk) int { return int(max(min(b.size-a.size, 1), -1)) })
	return all, nil
}

// ranges cuts the values from low to high into conditions of which each row meets exactly one,
// also a row beyond the ends.
func ranges(key string, low, high *big.Int, pieces int) []string {
	span := new(big.Int).Sub(high, low)
	var bounds []*big.Int
	for i := 1; i < pieces; i++ {
		at := new(big.Int).Mul(span, big.NewInt(int64(i)))
		at.Div(at, big.NewInt(int64(pieces))).Add(at, low).Add(at, big.NewInt(1))
		if len(bounds) == 0 || bounds[len(bounds)-1].Cmp(at) < 0 {
			bounds = append(bounds, at)
		}
	}
	if len(bounds) == 0 {
		return []string{""}
	}
	all := []string{fmt.Sprintf("%s < %s", key, bounds[0])}
	for i := 1; i < len(bounds); i++ {
		all = append(all, fmt.Sprintf("%s >= %s AND %s < %s", key, bounds[i-1], key, bounds[i]))
	}
	return append(all, fmt.Sprintf("%s >= %s", key, bounds[len(bounds)-1]))
}
