package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
)

// Password prints a link with which whoever has the login sets a new password:
// the way in for an owner who has forgotten it and has no other owner to ask. It
// may run beside a server.
func Password(ctx context.Context, cfg Config, env Env, login string) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	p, err := open(ctx, cfg, env, founded)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	who, err := p.services.Staff.Named(ctx, login)
	if errors.Is(err, staff.ErrNotFound) {
		everybody, err := p.services.Staff.List(ctx)
		if err != nil {
			return err
		}
		var owners []string
		for _, a := range everybody {
			if a.Role == staff.Owner && a.Active {
				owners = append(owners, a.Login)
			}
		}
		return staff.ErrNotFound.Textf("Nobody has the login %q. The logins of owners: %s.", login, strings.Join(owners, ", "))
	}
	if err != nil {
		return err
	}
	if !who.Active {
		return staff.ErrNotFound.Textf("%s (%s) cannot sign in: an owner has deactivated the account, and can activate it again on the page of the staff.", who.Name, who.Login)
	}
	token, expires, err := p.services.Staff.InviteAgain(ctx, staff.By{}, who.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "With this link %s (%s) sets a new password; it works once, until %s:\n\n  %s%s\n",
		who.Name, who.Login, expires.In(p.settings.Get().Zone).Format("2006-01-02 15:04 MST"), cfg.address(cfg.Listen), admin.InvitationPath(token))
	return err
}
