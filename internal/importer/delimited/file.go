package delimited

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"sync/atomic"

	"regulars/internal/base/errs"
)

// sampleSize is how much of a file Detect is shown.
const sampleSize = 1 << 20

// File is a text on disk, plain or gzipped, open for one Reader. Close it.
type File struct {
	*Reader
	Format Format
	Zipped bool

	disk *os.File
	size int64
	read *counter
}

// Open opens a file at its first row, however it is spelled.
func Open(path string) (*File, error) {
	sample, whole, err := head(path)
	if err != nil {
		return nil, err
	}
	format, err := Detect(sample, whole)
	if err != nil {
		return nil, err
	}
	return OpenAt(path, format, Position{})
}

// OpenAt opens a file whose format is known behind the position from.
func OpenAt(path string, f Format, from Position) (file *File, err error) {
	defer errs.Wrap(&err, "open the file to import")
	disk, err := os.Open(path) //nolint:gosec // the path is the caller's choice
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, disk.Close())
		}
	}()
	info, err := disk.Stat()
	if err != nil {
		return nil, err
	}
	text, read, err := unpack(disk)
	if err != nil {
		return nil, err
	}
	r := NewReader(text, f, from)
	if r.Err() != nil {
		return nil, r.Err()
	}
	return &File{Reader: r, Format: f, Zipped: text != io.Reader(read), disk: disk, size: info.Size(), read: read}, nil
}

// head reads the first bytes of the text; whole says that there are no others.
func head(path string) (sample []byte, whole bool, err error) {
	defer errs.Wrap(&err, "read the beginning of the file to import")
	disk, err := os.Open(path) //nolint:gosec // the path is the caller's choice
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	text, _, err := unpack(disk)
	if err != nil {
		return nil, false, err
	}
	sample, err = io.ReadAll(io.LimitReader(text, sampleSize))
	return sample, len(sample) < sampleSize, err
}

// unpack gives the text of a file: itself if it is plain, so that a Reader can
// seek in it. read counts the bytes taken from the disk.
func unpack(disk *os.File) (text io.Reader, read *counter, err error) {
	read = &counter{File: disk}
	magic := make([]byte, 2)
	n, err := disk.ReadAt(magic, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if !bytes.Equal(magic[:n], []byte{0x1F, 0x8B}) {
		return read, read, nil
	}
	zip, err := gzip.NewReader(bufio.NewReaderSize(read, 256<<10))
	if err != nil {
		return nil, nil, damaged(err)
	}
	return &unpacked{zip, maxUnpacked}, read, nil
}

// maxUnpacked is how much text a zipped file may hold. Rows are read one by one, but
// a small file that unpacks without end would keep the program busy for days, and
// fill the disk with refused rows.
const maxUnpacked = 16 << 30

// ErrUnpacked is returned for a zipped file of more text.
var ErrUnpacked = errs.New(errs.Invalid, "importer_unpacked", "Unpacked, the file is larger than 16 GB. Split it.")

// ErrDamaged is returned for a zipped file that cannot be unpacked to its end.
var ErrDamaged = errs.New(errs.Invalid, "importer_damaged", "The archive is damaged or cut off. Pack or send it anew, or unpack it and import the file in it.")

// damaged turns what gzip says of its bytes into ErrDamaged; failures of the disk
// stay what they are.
func damaged(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
		return ErrDamaged.Because(err)
	}
	return err
}

// unpacked is the text of a zipped file as far as it may be read.
type unpacked struct {
	zip  io.Reader
	left int64
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.zip.Read(b[:min(int64(len(b)), u.left+1)])
	if u.left -= int64(n); u.left < 0 {
		return 0, ErrUnpacked
	}
	return n, damaged(err)
}

// Size is how many bytes the file has on the disk.
func (f *File) Size() int64 { return f.size }

// Consumed is how many of them were read so far. It may be called from another
// goroutine than the Reader's.
func (f *File) Consumed() int64 { return f.read.at.Load() }

// Close closes the file.
func (f *File) Close() error { return f.disk.Close() }

// counter is a file that knows how far it was read.
type counter struct {
	*os.File
	at atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	c.at.Add(int64(n))
	return n, err
}

func (c *counter) Seek(offset int64, whence int) (int64, error) {
	at, err := c.File.Seek(offset, whence)
	c.at.Store(at)
	return at, err
}
