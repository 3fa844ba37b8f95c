// Package needs says what a test cannot do without. A test that lacks it skips and says how to
// get it; under CI=true it fails, so that nothing goes untested unseen.
package needs
