package node

import (
	"fmt"
	"regexp"
	"strconv"
)

// A file that is sent while it grows has no size yet, which a tar wants to know first. So it is sent
// in chunks, each an entry of its own that is named after the file and after the byte it begins with:
// sorted by name they are in order, and put together they are the file. Where an entry of the file's
// own name follows, that is the file and its chunks are void.

// ChunkName names the chunk of a file that begins at an offset.
func ChunkName(file string, offset int64) string { return fmt.Sprintf("%s@%015d", file, offset) }

var chunkShape = regexp.MustCompile(`^([^@]+)@([0-9]{15})$`)

// ParseChunk takes the name of a chunk apart; ok is false for any other name.
func ParseChunk(name string) (file string, offset int64, ok bool) {
	m := chunkShape.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	offset, err := strconv.ParseInt(m[2], 10, 64)
	return m[1], offset, err == nil
}
