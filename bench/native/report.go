package main

func writeReport(o *options, results []result, absent []string) error { return nil }
