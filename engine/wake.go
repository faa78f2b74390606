package engine

// Wake returns when EvTick is to be sent, at this instant or after it; false
// when no timer runs.
func (e *Engine) Wake() (at Instant, ok bool) { return 0, false }
