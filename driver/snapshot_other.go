//go:build !linux

package driver

// Snapshot implements Snapshotter.
func (f *File) Snapshot(dst []byte) ([]byte, error) {
	content, err := f.Open()
	if err != nil {
		return dst, err
	}
	defer content.Close()
	begin := len(dst)
	dst = append(dst, make([]byte, f.Size())...)
	if err := readAll(content, dst[begin:], 0); err != nil {
		return dst[:begin], err
	}
	return dst, content.Unchanged()
}
