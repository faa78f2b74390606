package engine

// Cells appends id's part map to dst: at most limit cells, each one part or
// several, and none for a file that is not going up in parts now.
func (e *Engine) Cells(dst []Cell, id FileID, limit int) []Cell {
	if !e.table.Has(id) || limit < 1 {
		return dst
	}
	s := e.slotOf(id)
	if s == nil || s.plan.Parts == 0 {
		return dst
	}
	n := int(s.plan.Parts)
	cells := min(n, limit)
	for i := range cells {
		dst = append(dst, e.cell(s, i*n/cells, (i+1)*n/cells))
	}
	return dst
}

// cell shows the parts with numbers from+1 to to as one: stored when all are,
// else by what is happening among them.
func (e *Engine) cell(s *slot, from, to int) Cell {
	var stored, flying int
	for _, state := range s.parts.state[from:to] {
		switch state {
		case partStored, partNameless, partKept, partChecking, partFound, partProving:
			stored++
		case partInFlight:
			flying++
		}
	}
	switch {
	case stored == to-from:
		return Cell{State: CellStored}
	case flying > 0:
		return Cell{State: CellInFlight, Filled: e.filled(s, from, to)}
	case e.held && s.parts.next < to && s.parts.next+cap(e.requests) > from:
		return Cell{State: CellHeld}
	case stored > 0:
		return Cell{State: CellInFlight, Filled: e.filled(s, from, to)}
	}
	return Cell{State: CellEmpty}
}

// filled is how much of the parts from+1 to to is with the network or the
// store, in percent.
func (e *Engine) filled(s *slot, from, to int) uint8 {
	var all, sent int64
	for i := from; i < to; i++ {
		_, length := s.plan.Range(uint16(i + 1))
		all += length
		switch s.parts.state[i] {
		case partStored, partNameless, partKept, partChecking, partFound, partProving:
			sent += length
		}
	}
	for i := range e.requests {
		r := &e.requests[i]
		if r.live && r.kind == ActSend && &e.slots[r.slot] == s && int(r.part) > from && int(r.part) <= to {
			sent += r.sent
		}
	}
	return uint8(100 * sent / all)
}
