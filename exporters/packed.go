package exporters

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// packed lets the handler answer compressed if that is what is asked for.
//
// Promhttp would do it with a writer that remembers what it has read: 0.85 MB, most of what is alive between scrapes,
// gone with the garbage and made anew. A page is at hand as a whole, so it is compressed at once by what
// remembers nothing, and is a little longer for it.
func packed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !takesGzip(r.Header) {
			h.ServeHTTP(w, r)
			return
		}
		page := &packedPage{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(page, r)
		page.send()
	})
}

// A packedPage is an answer that waits for its end.
type packedPage struct {
	http.ResponseWriter
	status int
	text   bytes.Buffer
}

func (p *packedPage) WriteHeader(status int)         { p.status = status }
func (p *packedPage) Write(text []byte) (int, error) { return p.text.Write(text) }

// send sends the page compressed; an error is for a human to read, and sent as it is. Who asked is
// told nothing of a failure: the connection is what failed.
func (p *packedPage) send() {
	if p.status != http.StatusOK {
		p.ResponseWriter.WriteHeader(p.status)
		_, _ = p.ResponseWriter.Write(p.text.Bytes())
		return
	}
	p.Header().Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(p.ResponseWriter, gzip.StatelessCompression)
	if err != nil {
		panic(err) // the level is the library's own
	}
	_, _ = z.Write(p.text.Bytes())
	_ = z.Close()
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
