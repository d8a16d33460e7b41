// Package staff knows who works here: accounts, roles and what they permit,
// sessions, invitations and the audit log.
//
// Secrets are never stored as they are: passwords only as argon2id, sessions
// and invitations only as the SHA-256 of their random token. Every change that
// somebody makes anywhere is written to the audit log in the transaction of the
// change itself, through AuditTx.
//
// Stores are known here by their ids only; what they are is catalog's.
package staff
