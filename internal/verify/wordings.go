package verify

import (
	"crypto/sha256"
	"encoding/hex"

	"regulars/internal/base/db"
)

// wording is one version of a text that people agree to.
type wording struct {
	purpose string
	hashes  map[string]string // of its texts, by language
}

// readWordings reads the texts that people agree to.
func (a *audit) readWordings() {
	a.wordings = map[int64]wording{}
	a.scan("wordings", func(r *db.Rows) error {
		var (
			id, version, entity, from, by, made, noted     int64
			anew, offered                                  bool
			code, purpose, channels, name, ru, uz, english string
		)
		if err := r.Scan(&id, &code, &version, &purpose, &channels, &name, &entity, &ru, &uz, &english, &from, &anew, &offered, &by, &made, &noted); err != nil {
			return err
		}
		w := wording{purpose, map[string]string{}}
		for language, text := range map[string]string{"ru": ru, "uz": uz, "en": english} {
			if text != "" {
				sum := sha256.Sum256([]byte(text))
				w.hashes[language] = hex.EncodeToString(sum[:])
			}
		}
		a.wordings[id] = w
		a.sum.numbers(id, version, entity, from, bit(anew), bit(offered), by, made)
		a.sum.texts(code, purpose, channels, name, ru, uz, english)
		if a.sum.sum() != noted {
			a.off(Wording, at("wordings", id), "checksum", "the one of what was published", "another", "a version never changes")
		}
		return nil
	}, `SELECT id, code, version, purpose, channels, name, COALESCE(entity_id, 0), text_ru, text_uz, text_en, valid_from, anew, offered, COALESCE(created_by, 0), created_at, checksum FROM wordings`)
}

// agreed compares a consent with the text that it was given under.
func (a *audit) agreed(id, text int64, purpose, language, hash string) {
	if w, ok := a.wordings[text]; ok && (w.purpose != purpose || w.hashes[language] != hash) {
		a.off(Wording, at("consents", id), "text_hash", "the one of the text, of its purpose", "another", "the consent was given under another text")
	}
}

// readAttributes reads what a chain keeps of customers besides.
func (a *audit) readAttributes() {
	a.scan("attributes", func(r *db.Rows) error {
		var (
			id, position, noted                         int64
			personal, required, archived                bool
			code, kind, ru, uz, english, choices, tills string
		)
		if err := r.Scan(&id, &code, &kind, &ru, &uz, &english, &choices, &tills, &personal, &required, &position, &archived, &noted); err != nil {
			return err
		}
		a.attributes = append(a.attributes, id)
		a.sum.numbers(id, bit(personal), bit(required), position, bit(archived))
		a.sum.texts(code, kind, ru, uz, english, choices, tills)
		if a.sum.sum() != noted {
			a.off(Attribute, at("attributes", id), "checksum", "the one of what was saved", "another", "")
		}
		return nil
	}, `SELECT id, code, kind, name_ru, name_uz, name_en, choices, tills, personal, required, position, archived, checksum FROM attributes`)
}
