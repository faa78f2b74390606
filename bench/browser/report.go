package browser

func writeReport(path string, results []Result) error { return nil }
