package backupd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// words returns text as people and programs write it into tables.
func words(r *rand.Rand, n int) []byte {
	list := []string{"customer ", "invoice ", "payment ", "amount ", "date ", "reference ", "account ", "service ", "internet ", "monthly ", "contract ", "city "}
	var text []byte
	for len(text) < n {
		text = append(text, list[int(r.ExpFloat64()*5)%len(list)]...)
	}
	return text[:n]
}

func hexDigits(r *rand.Rand, n int) []byte {
	var text []byte
	for len(text) < n {
		text = fmt.Appendf(text, "%016x", r.Uint64())
	}
	return text[:n]
}

// What repeats itself is worth the dense level, what does not is not; and both are read back.
func TestEachFrameIsCompressedByTheLevelThatSuitsIt(t *testing.T) {
	c, err := newCompressor()
	if err != nil {
		t.Fatal(err)
	}
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r := rand.New(rand.NewPCG(1, 2))
	for name, tc := range map[string]struct {
		frame []byte
		level *zstd.Encoder
	}{
		"words":                {words(r, frameSize), c.dense},
		"hex digits":           {hexDigits(r, frameSize), c.fast},
		"zeros":                {make([]byte, frameSize), c.dense},
		"less than a sample":   {words(r, sampleSize-1), c.fast},
		"words, then digits":   {append(words(r, frameSize/4), hexDigits(r, frameSize*3/4)...), c.fast},
		"one byte":             {[]byte{7}, c.fast},
		"a last, short frame ": {words(r, 3*sampleSize+11), c.dense},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.compress(tc.frame, make([]byte, 0, frameRoom))
			if want := tc.level.EncodeAll(tc.frame, nil); !bytes.Equal(got, want) {
				t.Errorf("%d bytes; the level that suits it makes %d", len(got), len(want))
			}
			if back, err := reader.DecodeAll(got, nil); err != nil || !bytes.Equal(back, tc.frame) {
				t.Errorf("what was read back differs: %v", err)
			}
		})
	}
}
