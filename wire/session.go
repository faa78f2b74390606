package wire

import "github.com/bucketline/bucketline/engine"

// StepBytes is how many bytes of actions make Step stop and let the driver
// carry them out: a Step that appends less has drained the engine.
const StepBytes = 32 << 10

// Session is one engine behind frames: what the WebAssembly module is, but for
// the memory that it shares with its host. The zero value is a session that is
// not open yet. What a call is given it keeps no part of, and what it appends
// may not overlap it.
type Session struct {
	engine *engine.Engine
	frame  Frame
	cells  []engine.Cell

	// files is room for those of one event: given new room each time, a
	// million files left 16 MB of garbage beside 24 MB of records.
	files []engine.Spec
}

// Open begins the session that the frame src configures, in place of one that
// is open. It appends nothing to dst, or a frame that says what is wrong.
func (s *Session) Open(dst, src []byte) []byte {
	var config engine.Config
	_, err := s.frame.Read(src)
	if err == nil {
		err = ReadConfig(s.frame.Fields, &config)
	}
	if err == nil {
		s.engine, err = engine.New(config)
	}
	if err != nil {
		return AppendRefusal(dst, 0, err)
	}
	return dst
}

// Step gives the engine the events in src, which follow a reading of the clocks,
// and appends the frames of what was refused and of what the engine asks for.
// When it has appended StepBytes or more, there is more to ask for: call it
// again with the clocks alone. Otherwise the engine is drained, and the last
// frame says when it wants to be called again, if time alone can give it
// something to do: see KindWake.
func (s *Session) Step(dst, src []byte) []byte {
	begun := len(dst)
	src, err := s.frame.Read(src)
	if err != nil {
		return AppendRefusal(dst, 0, err)
	}
	now, err := ReadNow(&s.frame)
	if err == nil && s.engine == nil {
		err = ErrOpen
	}
	if err != nil {
		return AppendRefusal(dst, 0, err)
	}
	event := engine.Event{Files: s.files[:0]}
	for i := uint16(0); len(src) > 0; i++ {
		// What is wrong with one event says nothing against the others.
		rest, ok := Skip(src)
		if _, err = s.frame.Read(src); err == nil {
			err = ReadEvent(&s.frame, &event)
		}
		if err == nil {
			err = s.engine.Handle(now, &event)
		}
		if err != nil {
			dst = AppendRefusal(dst, i, err)
		}
		if !ok {
			break
		}
		src = rest
	}
	s.files = event.Files
	var action engine.Action
	for len(dst)-begun < StepBytes {
		if !s.engine.Poll(now, &action) {
			if at, ok := s.engine.Wake(); ok {
				dst = appendWake(dst, at)
			}
			break
		}
		dst = AppendAction(dst, &action, &s.frame)
	}
	return dst
}

// Ask appends the frame that answers the query src.
func (s *Session) Ask(dst, src []byte) []byte {
	if _, err := s.frame.Read(src); err != nil {
		return AppendRefusal(dst, 0, err)
	}
	return Answer(dst, s.engine, &s.frame, &s.cells)
}
