package main

import (
	"io"
	"os"
	"path/filepath"
)

// copySelf puts this program where the server's own image can run it. Whole or not at all: an init container may be killed and started again.
func copySelf(path string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(own)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), ".mcphub-shim-*")
	if err != nil {
		return err
	}
	defer os.Remove(to.Name()) // fails after the rename, as it should
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return err
	}
	if err := to.Chmod(0o555); err != nil {
		_ = to.Close()
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Rename(to.Name(), path)
}
