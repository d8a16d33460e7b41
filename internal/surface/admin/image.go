package admin

import (
	"context"
	"errors"
	"io"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/surface/web"
)

// imagePath is where the image of a product is; it changes with the image, so that
// browsers keep what they have seen.
func imagePath(id catalog.ProductID, hashes map[catalog.ProductID]string) string {
	hash := hashes[id]
	if hash == "" {
		return ""
	}
	return "/products/" + id.String() + "/image?" + hash[:16]
}

// productImage sends the image of a product.
func (a *Admin) productImage(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[catalog.ProductID](r, "id")
	if err != nil {
		return err
	}
	i, err := a.Catalog.Image(r.Context(), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", `"`+i.Hash+`"`)
	h.Set("Cache-Control", "private, no-cache")
	if r.URL.RawQuery == i.Hash[:16] {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", i.Type)
	_, _ = w.Write(i.Data) // the reader has gone: there is nobody to tell
	return nil
}

// saveImage takes the image of a product, or takes it away where none is sent.
func (a *Admin) saveImage(w http.ResponseWriter, r *http.Request) error {
	p, err := a.product(r)
	if err != nil {
		return err
	}
	sent, err := sentFile(r, catalog.MaxImage+1)
	if err != nil {
		return err
	}
	var image *catalog.Image
	facts := map[string]string{"image": ""}
	if len(sent) > 0 {
		made, err := catalog.ReadImage(sent)
		if errs.KindOf(err) == errs.Invalid {
			return a.sendBack(w, r, err, "/products/"+p.ID.String())
		}
		if err != nil {
			return err
		}
		image, facts["image"] = &made, made.Hash[:16]
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		_, err := a.Catalog.SetImageTx(ctx, tx, p.ID, image)
		return line{action: "product.image", subject: "product:" + p.ID.String(), after: facts}, err
	})
	if err != nil {
		return err
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/products/"+p.ID.String())
	return nil
}

// sentFile reads the file of a form, up to so many bytes; nil: none was sent.
func sentFile(r *http.Request, most int64) ([]byte, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, web.ErrForm.Because(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, web.BodyError(err)
		}
		if part.FormName() == "file" {
			sent, err := io.ReadAll(io.LimitReader(part, most))
			if err != nil {
				return nil, web.BodyError(err)
			}
			return sent, nil
		}
	}
}
