package engine

import "testing"

// What an earlier run has stored may lie anywhere: every other part is sent.
func TestParts_keptAnywhere(t *testing.T) {
	for kept := range 1 << 5 {
		var p parts
		p.reset(5)
		sent := 0
		for n := uint16(1); n <= 5; n++ {
			if kept>>(n-1)&1 == 1 {
				if err := p.keep(n, `"e"`, nil, false); err != nil {
					t.Fatal(err)
				}
				sent |= 1 << (n - 1)
			}
		}
		for n := p.pending(); n != 0; n = p.pending() {
			if sent>>(n-1)&1 == 1 {
				t.Fatalf("kept %05b: part %d is sent again", kept, n)
			}
			p.take(n, partInFlight)
			sent |= 1 << (n - 1)
		}
		if sent != 1<<5-1 {
			t.Errorf("kept %05b: all that is sent or kept is %05b", kept, sent)
		}
	}
}
