package importer

import (
	"archive/zip"
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
)

// packed is an archive of files, given as name and content.
func packed(t testing.TB, files ...string) (path string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := z.Create(files[i])
		must(t, err)
		_, err = f.Write([]byte(files[i+1]))
		must(t, err)
	}
	must(t, z.Close())
	path = filepath.Join(t.TempDir(), "images.zip")
	must(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// dot is a PNG of one grey.
func dot(t testing.TB, grey uint8) string {
	t.Helper()
	i := image.NewGray(image.Rect(0, 0, 2, 2))
	i.SetGray(0, 0, color.Gray{grey})
	var b bytes.Buffer
	must(t, png.Encode(&b, i))
	return b.String()
}

// Images of an archive go to the products that they are called as; of several the
// first is taken, and the report tells what is nobody's.
func TestImportImages(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.batchRows = 3
		h.load(write(t, "Артикул;Штрихкод;Название\nmilk-1;460;Молоко\ntea;461;Чай\nshirt_2;462;Рубашка\nbread;463;Хлеб\n"), File{})
		path := packed(t,
			"photos/", "", "__MACOSX/photos/._milk-1.png", "junk", "photos/.DS_Store", "junk",
			"photos/milk-1_2.png", dot(t, 2), "photos/milk-1.png", dot(t, 1), "photos/milk-1_10.png", dot(t, 3),
			"461.PNG", dot(t, 4), `win\shirt_2.png`, dot(t, 5), "bread_3.png", dot(t, 7), "bread_1.png", dot(t, 6),
			"462_3.png", dot(t, 9), "460.png", dot(t, 9), "nobody.png", dot(t, 8), "tea.txt", "no image", "bread.png", "no image either", "readme", "text", "tea_9.png", strings.Repeat("\x00", catalog.MaxImage+1),
		)
		for _, kind := range []Kind{KindImages, ""} {
			i, err := h.Add(t.Context(), File{Name: "images.zip", Kind: kind, Anew: true}, path)
			must(t, err)
			if want := map[Field]int{FieldFile: 1, FieldSKU: 2}; i.Kind != KindImages || cmp.Diff(want, i.Mapping.Columns) != "" {
				t.Fatalf("%s %v", i.Kind, i.Mapping.Columns)
			}
			dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			if diff := cmp.Diff(i.Report, dry.Report, clockless); diff != "" {
				t.Errorf("the dry run (-import +dry):\n%s", diff)
			}
			want := Report{Rows: 14, Refused: 5, Noted: 5, Updated: 4, Done: 1}
			if kind == "" { // again
				want.Updated, want.Unchanged = 0, 4
			}
			if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
				t.Errorf("%s", diff)
			}
			refused := h.issuesOf(i.ID, true)
			for _, want := range []string{"nobody.png", "tea.txt", "bread.png", "readme", "tea_9.png"} {
				if !strings.Contains(refused, want) {
					t.Errorf("refused lacks %s:\n%s", want, refused)
				}
			}
			told := strings.Join(h.told(i), "\n")
			for _, want := range []string{"Файл: Это не изображение JPEG", "Файл: Изображение слишком велико", "Код товара: Такого товара нет"} {
				if !strings.Contains(told, want) {
					t.Errorf("the report lacks %q:\n%s", want, told)
				}
			}
		}
		goods, err := h.catalog.ByCode(t.Context(), []string{"milk-1", "tea", "shirt_2", "bread"})
		must(t, err)
		for sku, grey := range map[string]uint8{"milk-1": 1, "tea": 4, "shirt_2": 5, "bread": 6} {
			got, err := h.catalog.Image(t.Context(), goods[sku].ID)
			must(t, err)
			want, err := catalog.ReadImage([]byte(dot(t, grey)))
			must(t, err)
			if got.Hash != want.Hash {
				t.Errorf("%s has another image", sku)
			}
		}
		h.verify()
	})
}

// What is no archive of images, or is more than is taken, is refused at once.
func TestAlbumLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Open(t, dbtest.SQLite), "UZS", "Asia/Tashkent", t.TempDir())
	many := make([]string, 0, 2*maxPictures+2)
	for range maxPictures + 1 {
		many = append(many, "x.png", "")
	}
	bomb := packed(t, "a.png", "", "b.png", "", "c.png", "")
	pretend(t, bomb)
	for name, tt := range map[string]struct {
		path string
		kind Kind
		want error
	}{
		"too many":     {packed(t, many...), "", ErrAlbum},
		"claims more":  {bomb, "", ErrAlbum},
		"only folders": {packed(t, "a/", ""), "", ErrAlbumEmpty},
		"a text":       {write(t, "file;code\nmilk-1.png;milk-1\n"), KindImages, ErrNoAlbum},
	} {
		if _, err := h.Add(t.Context(), File{Kind: tt.kind}, tt.path); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(h.folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// pretend has the files of an archive say that they unpack to four gigabytes
// each.
func pretend(t testing.TB, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i + 4
		copy(text[at+20:], "\xfe\xff\xff\xff") // the size, unpacked
	}
	must(t, os.WriteFile(path, text, 0o600))
}
