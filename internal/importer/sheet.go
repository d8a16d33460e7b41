package importer

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"regulars/internal/base/errs"
	"regulars/internal/importer/delimited"
	"regulars/internal/importer/workbook"
)

// The rows of a workbook's sheet are written down once, as text, and read from there:
// a place in a text can be gone back to, in what is packed it cannot.

// sheetFormat is how they are written: no cell has a tab in it.
var sheetFormat = delimited.Format{Encoding: delimited.UTF8, Delimiter: "\t", Newline: "\n"}

// ofSheet has a mapping be of a sheet, which is written in one way; empty: of a text.
func (m *Mapping) ofSheet(sheet string) {
	if m.Sheet = sheet; sheet != "" {
		m.Format = sheetFormat
	}
}

// ofSheet has what is read be a sheet; that of an archive is of images.
func (h *Hints) ofSheet(sheet string) {
	if h.Sheet = sheet; sheet == albumSheet {
		h.Kind = KindImages
	}
}

// sniffBook is Sniff of a workbook.
func sniffBook(ctx context.Context, path string, h Hints) (s Sniffed, err error) {
	folder, err := os.MkdirTemp("", "regulars-sheet-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	rows := filepath.Join(folder, "rows")
	sheet, err := writeRows(ctx, path, h.Sheet, func(string) string { return rows })
	if err != nil {
		return s, err
	}
	h.Format = &sheetFormat
	h.ofSheet(sheet)
	s, err = sniffText(ctx, rows, h)
	s.Mapping.Sheet = sheet
	return s, err
}

// unfold writes a sheet down for an import, and says which it is and where; of a file
// that is no workbook there is none, and the text is the file. An empty name stands
// for the sheet that has the data.
func (s *Service) unfold(ctx context.Context, id ID, path, sheet string) (name, text string, err error) {
	book, err := workbook.Is(path)
	if err != nil || !book {
		return "", path, err
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return "", "", err
	}
	name, err = writeRows(ctx, path, sheet, func(sheet string) string { return s.rowsOf(id, sheet) })
	return name, s.rowsOf(id, name), err
}

// rowsOf is where the rows of a sheet lie, for an import.
func (s *Service) rowsOf(id ID, sheet string) string {
	return filepath.Join(s.folder, id.String()+"."+strconv.FormatUint(hash(sheet), 16)+".rows")
}

// text is where the text lies that an import reads: the file itself, or the rows of
// its sheet, which are written down anew where they are gone.
func (s *Service) text(ctx context.Context, i *Import) (path string, err error) {
	if i.Mapping.Sheet == "" {
		return i.path, nil
	}
	path = s.rowsOf(i.ID, i.Mapping.Sheet)
	if _, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		_, _, err = s.unfold(ctx, i.ID, i.path, i.Mapping.Sheet)
	}
	return path, err
}

// dropRows removes what was written down for an import.
func (s *Service) dropRows(id ID) error {
	files, err := filepath.Glob(filepath.Join(s.folder, id.String()+".*.rows"))
	for _, file := range files {
		err = errors.Join(err, remove(file))
	}
	return err
}

// Sheets are the sheets of an import's workbook that may be read; none if the file is
// a text.
func (s *Service) Sheets(ctx context.Context, id ID) (names []string, err error) {
	defer errs.Wrap(&err, "list the sheets of import %d", id)
	i, err := s.row(ctx, id)
	if err != nil || i.Mapping.Sheet == "" || i.Mapping.Sheet == albumSheet {
		return nil, err
	}
	book, err := workbook.Open(i.path)
	if err != nil {
		return nil, err
	}
	return book.Sheets(), book.Close()
}

// SetSheet has another sheet of the workbook read, as it is guessed to be meant, until
// the import is started. It fails with ErrStarted and with what is wrong with the sheet.
func (s *Service) SetSheet(ctx context.Context, id ID, sheet string) (err error) {
	defer errs.Wrap(&err, "change the sheet of import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	if i.State != Draft && i.State != Checked {
		return ErrStarted
	}
	hints, err := s.hints(ctx, "")
	if err != nil {
		return err
	}
	name, text, err := s.unfold(ctx, id, i.path, sheet)
	if err != nil {
		return err
	}
	hints.ofSheet(name)
	sniffed, err := s.look(ctx, text, hints)
	if err != nil {
		return err
	}
	if err := s.readAsBefore(ctx, i.Source, &sniffed); err != nil {
		return err
	}
	if i.digest, err = digestOf(ctx, text); err != nil {
		return err
	}
	i.Mapping, i.progress = sniffed.Mapping, progress{Edit: i.progress.Edit + 1}
	return s.setMapping(ctx, &i)
}

// writeRows writes the rows of a workbook's sheet, or of an archive of images, into a
// file.
func writeRows(ctx context.Context, path, sheet string, to func(sheet string) string) (name string, err error) {
	images, err := isAlbum(path)
	if err != nil {
		return "", err
	}
	if images {
		return albumSheet, writeAlbum(path, to(albumSheet))
	}
	return writeSheet(ctx, path, sheet, to)
}

// writeSheet writes the rows of a sheet into a file, each in the line of its number.
func writeSheet(ctx context.Context, path, sheet string, to func(sheet string) string) (name string, err error) {
	defer errs.Wrap(&err, "take the rows out of the workbook")
	book, err := workbook.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if name = sheet; name == "" {
		if name, err = book.Likely(ctx); err != nil {
			return "", err
		}
	}
	return name, writeTabbed(to(name), func(out *csv.Writer) error {
		last := int64(0)
		return book.Rows(ctx, name, func(number int64, cells []string) error {
			if len(cells) == 0 {
				return nil
			}
			for last++; last < number; last++ {
				if err := out.Write(nil); err != nil {
					return err
				}
			}
			return out.Write(cells)
		})
	})
}

// maxRows is how many bytes the rows of a sheet or an archive may come to: cells may all
// say one long text that stands once in a small file.
const maxRows = 1 << 30

// capped fails with workbook.ErrTooLarge where more is written.
type capped struct {
	to   io.Writer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, workbook.ErrTooLarge
	}
	return c.to.Write(p)
}

// writeTabbed writes rows into a file as sheetFormat reads them; it is whole when it is there.
func writeTabbed(to string, rows func(*csv.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	out := csv.NewWriter(&capped{file, maxRows})
	out.Comma = '\t'
	err = rows(out)
	out.Flush()
	if err = errors.Join(err, out.Error(), file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), to)
	}
	if err != nil {
		err = errors.Join(err, remove(file.Name()))
	}
	return err
}
