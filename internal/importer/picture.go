package importer

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"image"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/importer/workbook"
	"regulars/internal/loyalty/catalog"
)

// Images come in an archive, each called as its product. What it holds is written down
// as rows, like the sheet of a workbook, and the images are read one at a time.

// albumSheet is the sheet of which the rows of an archive are; no workbook has one of
// that name.
const albumSheet = "*"

// Limits of an archive. An image is read to catalog.MaxImage at most, whatever it claims.
const (
	maxPictures   = 20_000
	maxAlbum      = 8 << 30 // bytes, unpacked
	picturesAtOne = 10      // of one transaction, and in memory
)

// Failures of archives of images.
var (
	ErrAlbum      = errs.New(errs.Invalid, "importer_album", "The archive has more than 20,000 files or unpacks to more than 8 GB. Send it in parts.")
	ErrAlbumBad   = errs.New(errs.Invalid, "importer_album_bad", "The archive cannot be read. Make it anew, as a ZIP.")
	ErrAlbumEmpty = errs.New(errs.Invalid, "importer_album_empty", "There are no files in this archive.")
	ErrNoAlbum    = errs.New(errs.Invalid, "importer_no_album", "Images come in a ZIP archive, each called as the code or the barcode of its product.")
)

// album is an open archive of images. Close it.
type album struct {
	zip   *zip.ReadCloser
	names []string // in their order
	files map[string]*zip.File
	of    map[string]catalog.ProductID // by file; see chooseTx
	first map[catalog.ProductID]string // the file that is taken
}

// isAlbum reports whether a file is an archive, and no workbook.
func isAlbum(file string) (yes bool, err error) {
	if yes, err = workbook.Is(file); err != nil || !yes {
		return false, err
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return false, nil //nolint:nilerr // it is the workbook's to say
	}
	book := slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.EqualFold(path.Base(clean(f)), "[content_types].xml") })
	return !book, z.Close()
}

// clean is the name of a file in an archive.
func clean(f *zip.File) string { return fold.Line(strings.ReplaceAll(f.Name, `\`, "/")) }

// openAlbum opens an archive. It fails with ErrAlbum, ErrAlbumBad or ErrAlbumEmpty.
func openAlbum(file string) (_ *album, err error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, ErrAlbumBad.Because(err)
	}
	a := &album{zip: z, files: map[string]*zip.File{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, z.Close())
		}
	}()
	if len(z.File) > maxPictures {
		return nil, ErrAlbum
	}
	left := uint64(maxAlbum)
	for _, f := range z.File {
		name := clean(f)
		if hidden := strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(name, "__MACOSX/"); hidden || strings.HasSuffix(name, "/") || a.files[name] != nil {
			continue
		}
		if f.UncompressedSize64 > left {
			return nil, ErrAlbum
		}
		left -= f.UncompressedSize64
		a.names, a.files[name] = append(a.names, name), f
	}
	if len(a.names) == 0 {
		return nil, ErrAlbumEmpty
	}
	return a, nil
}

// codeOf is what a file is called, without its folder and its kind.
func codeOf(name string) string {
	base := path.Base(name)
	return fold.Line(strings.TrimSuffix(base, path.Ext(base)))
}

var numberAtEnd = regexp.MustCompile(`^(.+)_([0-9]{1,4})$`)

// numbered takes a code such as "milk_2" apart; 0: it has no number.
func numbered(code string) (base string, n int) {
	m := numberAtEnd.FindStringSubmatch(code)
	if m == nil {
		return code, 0
	}
	n, _ = strconv.Atoi(m[2])
	return m[1], n
}

// isImage tells whether a file begins as an image does, and is none too large.
func (a *album) isImage(name string) bool {
	f := a.files[name]
	if f.UncompressedSize64 > catalog.MaxImage {
		return false
	}
	r, err := f.Open()
	if err != nil {
		return false
	}
	_, _, err = image.DecodeConfig(r)
	return errors.Join(err, r.Close()) == nil
}

// read makes the image that is kept of a file. It fails as catalog.ReadImage.
func (a *album) read(name string) (kept catalog.Image, err error) {
	f := a.files[name]
	if f == nil {
		return kept, catalog.ErrNoImage
	}
	if f.UncompressedSize64 > catalog.MaxImage {
		return kept, catalog.ErrImageTooLarge
	}
	r, err := f.Open()
	if err != nil {
		return kept, catalog.ErrNoImage.Because(err)
	}
	sent, err := io.ReadAll(io.LimitReader(r, catalog.MaxImage+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return kept, catalog.ErrNoImage.Because(err)
	}
	return catalog.ReadImage(sent)
}

// writeAlbum writes the names of an archive's files down, as the rows of a sheet.
func writeAlbum(file, to string) (err error) {
	a, err := openAlbum(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.zip.Close()) }()
	return writeTabbed(to, func(out *csv.Writer) error {
		err := out.Write([]string{"file", "code"})
		for _, name := range a.names {
			err = errors.Join(err, out.Write([]string{name, codeOf(name)}))
		}
		return err
	})
}

// Picture is an image of an archive.
type Picture struct {
	Row   int64
	File  string
	Code  string // SKU or barcode
	Image catalog.Image

	cells []string
}

// picture reads the row that was begun, and its image.
func (s *Scan) picture(r *rowReader) *Picture {
	p := &Picture{Row: r.number, File: r.text(FieldFile, maxText), Code: r.code(FieldSKU, catalog.MaxSKU)}
	switch {
	case r.refused:
		return p
	case p.Code == "":
		r.refuse(FieldSKU, ReasonMissing, "")
		return p
	}
	var err error
	switch p.Image, err = s.album.read(p.File); {
	case errors.Is(err, catalog.ErrImageTooLarge):
		r.refuse(FieldFile, ReasonImageLarge, p.File)
	case err != nil:
		r.refuse(FieldFile, ReasonNoImage, p.File)
	}
	return p
}

// chooseTx finds the products of an archive's files and chooses one file for each. A
// file that is called as no product, but with a number behind its name, is of the
// product before the number. What begins as an image does goes before what is none, then
// one without a number, then one called by the SKU before one called by a barcode.
func (w *writer) chooseTx(ctx context.Context, tx *db.Tx, a *album) error {
	var codes []string
	for _, name := range a.names {
		base, _ := numbered(codeOf(name))
		codes = append(codes, codeOf(name), base)
	}
	bySKU, err := w.catalog.BySKUTx(ctx, tx, codes)
	if err != nil {
		return err
	}
	byBarcode, err := w.catalog.ByBarcodeTx(ctx, tx, codes)
	if err != nil {
		return err
	}
	a.first, a.of = map[catalog.ProductID]string{}, map[string]catalog.ProductID{}
	images := map[string]bool{}
	for _, name := range a.names {
		images[name] = a.isImage(name)
	}
	rank := func(name string) []int {
		base, n := codeOf(name), 0
		if bySKU[base].ID == 0 && byBarcode[base].ID == 0 {
			base, n = numbered(base)
		}
		rank := []int{1, n, 1}
		if images[name] {
			rank[0] = 0
		}
		if bySKU[base].ID != 0 {
			rank[2] = 0
		}
		return rank
	}
	for _, name := range a.names {
		base, _ := numbered(codeOf(name))
		product := cmp.Or(bySKU[codeOf(name)].ID, byBarcode[codeOf(name)].ID, bySKU[base].ID, byBarcode[base].ID)
		if product == 0 {
			continue
		}
		a.of[name] = product
		if first := a.first[product]; first == "" || slices.Compare(rank(name), rank(first)) < 0 {
			a.first[product] = name
		}
	}
	return nil
}

// picturesTx gives products their images.
func (w *writer) picturesTx(ctx context.Context, tx *db.Tx, list []*Picture, rep *Report) (issues []Issue, err error) {
	if w.album.first == nil {
		if err := w.chooseTx(ctx, tx, w.album); err != nil {
			return nil, err
		}
	}
	for _, p := range list {
		is := Issue{Row: p.Row, Field: FieldSKU, Value: p.Code, Cells: p.cells}
		product := w.album.of[p.File]
		switch {
		case product == 0:
			is.Reason, is.Refused = ReasonProduct, true
			issues = append(issues, is)
			rep.Refused++
			continue
		case w.album.first[product] != p.File:
			is.Reason = ReasonMoreImages
			issues = append(issues, is)
			rep.Noted++
			continue
		}
		changed, err := w.catalog.SetImageTx(ctx, tx, product, &p.Image)
		if err != nil {
			return nil, err
		}
		if changed {
			rep.Updated++
		} else {
			rep.Unchanged++
		}
	}
	return issues, nil
}
