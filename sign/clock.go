package sign

// UnixMilli is a wall-clock time: milliseconds since 1970-01-01T00:00:00Z.
type UnixMilli int64
