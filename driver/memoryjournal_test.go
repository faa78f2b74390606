package driver_test

import (
	"testing"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/journaltest"
)

func TestMemoryJournal(t *testing.T) {
	journaltest.Run(t, false, func(*testing.T, string) driver.Journal { return driver.NewMemoryJournal() })
}
