package backupd

import "github.com/klauspost/compress/zstd"

// A compressor compresses frames one at a time, each by the level that suits what is in it.
type compressor struct{ fast, dense *zstd.Encoder }

func newCompressor() (compressor, error) {
	encoder := func(o ...zstd.EOption) (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, append(o, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true), zstd.WithWindowSize(1<<20))...)
	}
	// The fastest level finds repeats well enough, and is told to look for rare and frequent bytes
	// where there are none: hex digits take half the room at a sixth of the time that zstd -3 takes.
	fast, err := encoder(zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		return compressor{}, err
	}
	dense, err := encoder(zstd.WithEncoderLevel(zstd.SpeedDefault))
	return compressor{fast, dense}, err
}

const (
	sampleSize = 64 << 10
	// denseBelow is the share that a sample must shrink to for the dense level to pay. Measured on 256
	// MiB each: words (to 0.19) become 6 % smaller in 1.1 times the time; hex digits (to 0.46) become
	// no smaller in 3.7 times the time.
	denseBelow = 1.0 / 3
)

// compress returns the frame compressed, in room if it has enough. The level depends on nothing
// but the frame.
func (c compressor) compress(frame, room []byte) []byte {
	if len(frame) > sampleSize {
		middle := (len(frame) - sampleSize) / 2
		sample := c.fast.EncodeAll(frame[middle:middle+sampleSize], room[:0])
		if float64(len(sample)) < denseBelow*sampleSize {
			return c.dense.EncodeAll(frame, room[:0])
		}
	}
	return c.fast.EncodeAll(frame, room[:0])
}
