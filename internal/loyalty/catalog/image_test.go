package catalog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"regulars/internal/loyalty/catalog"
)

func encoded(t *testing.T, i image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, i); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is kept is an image of ours: small, whatever came, and without what else the
// file said.
func TestReadImage(t *testing.T) {
	t.Parallel()
	wide := image.NewRGBA(image.Rect(10, 10, 2010, 1010))
	for i := range wide.Pix {
		wide.Pix[i] = 255
		if i%4 == 0 && i/4%2000 < 1000 {
			wide.Pix[i] = 0 // the left half is cyan
		}
	}
	var shot bytes.Buffer
	if err := jpeg.Encode(&shot, wide, nil); err != nil {
		t.Fatal(err)
	}
	// A comment, as cameras write where they were.
	tagged := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, 10}, append([]byte("Tashkent"), shot.Bytes()[2:]...)...)
	kept, err := catalog.ReadImage(tagged)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := image.Decode(bytes.NewReader(kept.Data))
	if err != nil || got.Bounds().Dx() != 800 || got.Bounds().Dy() != 400 || kept.Type != "image/jpeg" || bytes.Contains(kept.Data, []byte("Tashkent")) {
		t.Errorf("%v, %v, %s", got.Bounds(), err, kept.Type)
	}
	if r, _, _, _ := got.At(100, 100).RGBA(); r > 0x1000 {
		t.Errorf("the left half has %x of red", r)
	}
	if r, _, _, _ := got.At(700, 100).RGBA(); r < 0xf000 {
		t.Errorf("the right half has %x of red", r)
	}

	clear := image.NewNRGBA(image.Rect(0, 0, 20, 3000))
	clear.SetNRGBA(3, 3, color.NRGBA{255, 0, 0, 200})
	kept, err = catalog.ReadImage(encoded(t, clear))
	if err != nil || kept.Type != "image/png" {
		t.Errorf("%s, %v", kept.Type, err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(kept.Data)); err != nil || c.Height != 800 || c.Width != 5 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestReadNoImage(t *testing.T) {
	t.Parallel()
	small := encoded(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	bomb := bytes.Clone(small) // some bytes that claim to be sixty thousand pixels wide and high
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"nothing": {nil, catalog.ErrNoImage}, "text": {[]byte("<svg onload=alert(1)>"), catalog.ErrNoImage}, "cut": {small[:40], catalog.ErrNoImage},
		"bomb": {bomb, catalog.ErrImageTooLarge}, "large": {make([]byte, catalog.MaxImage+1), catalog.ErrImageTooLarge},
	} {
		if _, err := catalog.ReadImage(c.sent); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
