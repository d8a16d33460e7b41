// Package staff knows who works here: accounts, roles and what they permit,
// sessions, second factors, invitations and the audit log.
//
// Secrets are never stored as they are: passwords only as argon2id, sessions
// and invitations only as the SHA-256 of their random token. Signing in answers
// the same, after the same work, whether the login, the password or the account
// was wrong. A second factor is asked for wherever a session begins; its secret
// is sealed under a key of the installation, and each code is taken once. Every
// change that somebody makes anywhere is written to the audit log in the
// transaction of the change itself, through AuditTx, and every look at a customer
// by Look; there is always an active owner once there was one.
//
//	invitation ──accept──> active account <──reactivate──┐
//	     │                      │                        │
//	     └─expires              └──────deactivate───> inactive (its sessions end)
//
// What a store is, is catalog's; cookies and pages are surface/web's.
package staff
