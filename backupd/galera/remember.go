package galera

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// optionsFile keeps what a scratch server must be started with, for who starts it again.
const optionsFile = "options.json"

func (s *spare) remember() error {
	text, err := json.Marshal(s.options)
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(s.dir, optionsFile), text)
}

func (s *spare) recall() error {
	text, err := os.ReadFile(filepath.Join(s.dir, optionsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no scratch server that was prepared: begin the restore again in an empty folder", s.dir)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.options)
}
