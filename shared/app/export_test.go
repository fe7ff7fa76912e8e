package app

// Scan sets up to how many users the past is looked up user by user, so that tests take both ways on a small base.
func (a *App) Scan(users int64) { a.scanned = users }

// RowBound is what the sealed column of a row is bound to.
func RowBound(row *Row) []byte { return rowBound(row) }

// Few makes bases of more users large: their profiles are not read in the place of their snapshot.
func (a *App) Few(users int64) { a.few = users }
