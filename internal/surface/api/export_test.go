package api

// CheckDocs renders the page of the documentation in every language, with the
// texts of one, and says what a reviewer would of its markup.
func (a *API) CheckDocs() error {
	for _, page := range a.docs.page {
		if err := a.docs.pages.Check("docs", page); err != nil {
			return err
		}
	}
	return nil
}
