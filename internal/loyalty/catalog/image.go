package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // is read
	"image/jpeg"
	"image/png"
	"sync"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Failures of images.
var (
	ErrNoImage       = errs.New(errs.Invalid, "not_an_image", "This is not an image. Send a JPEG, PNG or GIF.")
	ErrImageTooLarge = errs.New(errs.Invalid, "image_too_large", "The image is larger than is taken: up to 8 MB and 25 million pixels.")
	ErrImageNotFound = errs.New(errs.NotFound, "image_not_found", "The product has no such image.")
)

// Limits of images: what is read, and what is kept of it.
const (
	MaxImage    = 8 << 20    // bytes
	maxPixels   = 25_000_000 // a few kilobytes can claim to be more
	maxScans    = 64         // of a progressive JPEG; cameras and programs make ten
	imageSide   = 800        // pixels
	maxKept     = 512 << 10  // bytes
	jpegQuality = 82
)

// Image is a picture of a product as it is kept: made anew from what was sent, so that
// it is an image, of a known size, and says nothing else, such as where it was taken.
type Image struct {
	Type string // image/jpeg or image/png
	Data []byte
	Hash string // hex SHA-256 of Data
}

// decoding lets one image be decoded at a time: each may take a hundred megabytes.
var decoding sync.Mutex

// ReadImage makes the image that is kept of one that was sent. It fails with ErrNoImage
// or ErrImageTooLarge.
func ReadImage(sent []byte) (kept Image, err error) {
	if len(sent) > MaxImage {
		return kept, ErrImageTooLarge
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(sent))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return kept, ErrNoImage.Because(err)
	}
	if bytes.Count(sent, []byte{0xff, 0xda}) > maxScans {
		return kept, ErrImageTooLarge // each goes over all pixels once more
	}
	if config.Width > maxPixels/config.Height {
		return kept, ErrImageTooLarge
	}
	decoding.Lock()
	defer decoding.Unlock()
	source, _, err := image.Decode(bytes.NewReader(sent))
	if err != nil {
		return kept, ErrNoImage.Because(err)
	}
	small := shrink(source, imageSide)
	kept = Image{Type: "image/png"}
	var b bytes.Buffer
	if !small.Opaque() {
		if err := png.Encode(&b, small); err != nil {
			return kept, err
		}
	}
	if b.Len() == 0 || b.Len() > maxKept { // what shows through is white then
		flat := image.NewRGBA(small.Bounds())
		draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(flat, flat.Bounds(), small, image.Point{}, draw.Over)
		b.Reset()
		kept.Type = "image/jpeg"
		if err := jpeg.Encode(&b, flat, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return kept, err
		}
	}
	sum := sha256.Sum256(b.Bytes())
	kept.Data, kept.Hash = b.Bytes(), hex.EncodeToString(sum[:])
	return kept, nil
}

// shrink makes an image that fits a square of so many pixels: each pixel is the mean of
// those that it stands for.
func shrink(source image.Image, side int) *image.RGBA {
	from := image.NewRGBA(image.Rect(0, 0, source.Bounds().Dx(), source.Bounds().Dy()))
	draw.Draw(from, from.Bounds(), source, source.Bounds().Min, draw.Src)
	w, h := from.Bounds().Dx(), from.Bounds().Dy()
	most := max(w, h)
	if most <= side {
		return from
	}
	to := image.NewRGBA(image.Rect(0, 0, max(w*side/most, 1), max(h*side/most, 1)))
	for y := range to.Rect.Dy() {
		top, bottom := y*h/to.Rect.Dy(), max((y+1)*h/to.Rect.Dy(), y*h/to.Rect.Dy()+1)
		for x := range to.Rect.Dx() {
			left, right := x*w/to.Rect.Dx(), max((x+1)*w/to.Rect.Dx(), x*w/to.Rect.Dx()+1)
			var sum [4]int
			for v := top; v < bottom; v++ {
				row := from.Pix[v*from.Stride+4*left : v*from.Stride+4*right]
				for i, c := range row {
					sum[i%4] += int(c)
				}
			}
			n := (bottom - top) * (right - left)
			for i := range sum {
				to.Pix[y*to.Stride+4*x+i] = uint8(sum[i] / n)
			}
		}
	}
	return to
}

// SetImageTx gives a product its image; nil takes it away. It reports whether the
// product had another before, and fails with ErrProductNotFound.
func (s *Service) SetImageTx(ctx context.Context, tx *db.Tx, id ProductID, i *Image) (changed bool, err error) {
	defer errs.Wrap(&err, "set image of product %d", id)
	var known int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM products WHERE id = $1`, int64(id)).Scan(&known); err != nil {
		return false, err
	}
	if known == 0 {
		return false, ErrProductNotFound
	}
	var n int64
	if i == nil {
		n, err = tx.Exec(ctx, `DELETE FROM product_images WHERE product_id = $1`, int64(id))
	} else {
		n, err = tx.Exec(ctx, `
			INSERT INTO product_images (product_id, hash, type, data) VALUES ($1, $2, $3, $4)
			ON CONFLICT (product_id) DO UPDATE SET hash = excluded.hash, type = excluded.type, data = excluded.data
			 WHERE product_images.hash <> excluded.hash`,
			int64(id), i.Hash, i.Type, base64.StdEncoding.EncodeToString(i.Data))
	}
	if err != nil || n == 0 {
		return false, err
	}
	var b db.Batch
	tell(s, &b, EventProducts, []ProductID{id})
	return true, tx.Run(ctx, &b)
}

// Image reads the image of a product. It fails with ErrImageNotFound.
func (s *Service) Image(ctx context.Context, id ProductID) (i Image, err error) {
	defer errs.Wrap(&err, "read image of product %d", id)
	var data string
	err = s.db.QueryRow(ctx, `SELECT hash, type, data FROM product_images WHERE product_id = $1`, int64(id)).Scan(&i.Hash, &i.Type, &data)
	if errors.Is(err, db.ErrNoRows) {
		return i, ErrImageNotFound
	}
	if err == nil {
		i.Data, err = base64.StdEncoding.DecodeString(data)
	}
	return i, err
}

// Images gives the hashes of the images of those products that have one.
func (s *Service) Images(ctx context.Context, ids []ProductID) (hashes map[ProductID]string, err error) {
	defer errs.Wrap(&err, "look for images")
	hashes = map[ProductID]string{}
	if len(ids) == 0 {
		return hashes, nil
	}
	rows, err := s.db.Query(ctx, `SELECT product_id, hash FROM product_images WHERE product_id IN ($1...)`, db.IDs(ids))
	return hashes, db.Scan(rows, err, func(r *db.Rows) error {
		var id ProductID
		var hash string
		err := r.Scan(&id, &hash)
		hashes[id] = hash
		return err
	})
}
