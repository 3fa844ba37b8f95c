package exporters

import (
	"bufio"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// packed lets the handler answer compressed if that is what is asked for.
//
// Promhttp would do it with a writer that remembers what it has read: 0.85 MB, most of what is alive between scrapes,
// gone with the garbage and made anew. Here each piece of a page is compressed by what remembers nothing, and the page
// is a little longer for it.
func packed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !takesGzip(r.Header) {
			h.ServeHTTP(w, r)
			return
		}
		page := &packedPage{ResponseWriter: w}
		h.ServeHTTP(page, r)
		page.end()
	})
}

// piece is as much as is compressed at once: the most of which the compressor makes one block. To keep a
// whole page costs four times the memory, since what it grows out of is garbage.
const piece = math.MaxInt16

// A packedPage is an answer on its way.
type packedPage struct {
	http.ResponseWriter
	failed bool          // it is an error, for a human to read, and sent as it is
	text   *bufio.Writer // before it is compressed; nil until something was written
	gzip   *gzip.Writer
}

func (p *packedPage) WriteHeader(status int) {
	if p.failed = status != http.StatusOK; p.failed {
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *packedPage) Write(text []byte) (int, error) {
	if p.failed {
		return p.ResponseWriter.Write(text)
	}
	p.begin()
	return p.text.Write(text)
}

func (p *packedPage) begin() {
	if p.text != nil {
		return
	}
	p.Header().Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(p.ResponseWriter, gzip.StatelessCompression)
	if err != nil {
		panic(err) // the level is the library's own
	}
	p.gzip, p.text = z, bufio.NewWriterSize(z, piece)
}

// end sends what is left. Who asked is told nothing of a failure: the connection is what failed.
func (p *packedPage) end() {
	if p.failed {
		return
	}
	p.begin()
	_ = p.text.Flush()
	_ = p.gzip.Close()
}

// takesGzip reads Accept-Encoding: gzip is taken if it is named, and not with the weight zero.
func takesGzip(h http.Header) bool {
	for _, line := range h.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, weighted := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			if !weighted {
				return true
			}
			value, isQ := strings.CutPrefix(strings.ToLower(strings.TrimSpace(weight)), "q=")
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return !isQ || err == nil && q > 0
		}
	}
	return false
}
