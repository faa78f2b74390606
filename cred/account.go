package cred

import "strings"

// Account returns the AWS account that an access key ID of Amazon's names: 12
// digits as a number. It reports false for IDs that name none: those of other
// stores, and Amazon's own from before 2019.
//
// AWS documents the prefixes (IAM User Guide, "IAM identifiers", unique ID
// prefixes) and that the account can be found from the ID (AWS STS API
// Reference, GetAccessKeyInfo), not how; the bits used here are what that
// action tells.
func Account(accessKeyID string) (account uint64, ok bool) {
	const length, oldest = 20, 'Q'
	id, known := strings.CutPrefix(accessKeyID, "ASIA")
	if !known {
		id, known = strings.CutPrefix(accessKeyID, "AKIA")
	}
	if !known || len(accessKeyID) != length || id[0] < oldest {
		return 0, false
	}
	bits := uint64(0)
	for i := range len(id) {
		digit := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", id[i])
		if digit < 0 {
			return 0, false
		}
		if i < 10 {
			bits = bits<<5 | uint64(digit)
		}
	}
	// Of the first 48 bits, the top one and the last seven say something else.
	account = bits >> 2 & (1<<47 - 1) >> 7
	return account, account < 1_000_000_000_000
}
