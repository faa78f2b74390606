package sim

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/bucketline/bucketline/driver/recording"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/wire"
)

// ErrRecording says that a recording is no sequence of frames.
var ErrRecording = errors.New("not a recording: frames of package wire, the configuration first")

// Replay gives the engine what a driver once told it, and writes what it is
// told and what it asks for to out, a line each. A recording is what package
// driver/recording writes, or the frames that went into wire.Session, one after
// the other: that of the configuration, then for each step the reading of the
// clocks and the events that followed it.
//
// Signatures depend on the secrets in it and nothing else does. Package
// recording leaves them out; whoever hands frames of a page on puts others in
// their place.
//
// The error is ErrRecording, says what is wrong with the configuration, or says
// that the engine has panicked; what it refuses of an event is a line.
func Replay(from io.Reader, out io.Writer) (err error) {
	return replay(from, out, func(*engine.Action) {})
}

// replay is Replay that also gives each action to asked.
func replay(from io.Reader, out io.Writer, asked func(*engine.Action)) (err error) {
	data, err := io.ReadAll(io.LimitReader(from, recording.MaxBytes+1))
	if err != nil {
		return err
	}
	if len(data) > recording.MaxBytes {
		return ErrRecording
	}
	text := bufio.NewWriter(out)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(text, "! %v\n", p)
			err = fmt.Errorf("the engine has panicked: %v", p)
		}
		if flushed := text.Flush(); err == nil {
			err = flushed
		}
	}()
	var frame wire.Frame
	rest, err := frame.Read(data)
	if err != nil {
		return ErrRecording
	}
	var config engine.Config
	if err := wire.ReadConfig(frame.Fields, &config); err != nil {
		return err
	}
	e, err := engine.New(config)
	if err != nil {
		return err
	}
	r := replaying{engine: e, out: text, asked: asked}
	return r.steps(&frame, rest)
}

// replaying is an engine that is told what another one was.
type replaying struct {
	engine  *engine.Engine
	out     io.Writer
	asked   func(*engine.Action)
	now     engine.Now
	clocked bool
	step    bool // the reading began a step, after which the engine is drained
}

// poll takes as many actions as there are, but no more than most. It polls most
// times where exactly so, since a poll that gives nothing is told the time all
// the same.
func (r *replaying) poll(most int, exactly bool) {
	var act engine.Action
	for range most {
		if r.engine.Poll(r.now, &act) {
			fmt.Fprintf(r.out, "  < %s\n", describeAction(nil, &act))
			r.asked(&act)
		} else if !exactly {
			return
		}
	}
}

// read takes a reading of the clocks.
func (r *replaying) read(frame *wire.Frame) error {
	if r.step {
		r.poll(maxTurn, false)
	}
	now, err := wire.ReadNow(frame)
	if err != nil {
		return err
	}
	if !r.clocked || now.Mono != r.now.Mono {
		fmt.Fprintf(r.out, "%d.%03d\n", now.Mono/1000, now.Mono%1000)
	}
	r.now, r.clocked, r.step = now, true, frame.A == 0
	if frame.A == recording.ForPolls {
		r.poll(int(min(frame.File, maxTurn)), true)
	}
	return nil
}

// steps goes through all that follows the configuration.
func (r *replaying) steps(frame *wire.Frame, rest []byte) error {
	e, out := r.engine, r.out
	for len(rest) > 0 {
		after, err := frame.Read(rest)
		if err != nil {
			return ErrRecording
		}
		rest = after
		if frame.Kind == wire.KindNow {
			if err := r.read(frame); err != nil {
				return err
			}
			continue
		}
		if !r.clocked {
			return ErrRecording
		}
		var ev engine.Event
		if err = wire.ReadEvent(frame, &ev); err == nil && int(ev.Kind) < len(eventNames) && eventNames[ev.Kind] != "" {
			fmt.Fprintf(out, "> %s\n", describeEvent(nil, &ev))
		}
		if err == nil {
			err = e.Handle(r.now, &ev)
		}
		if err != nil {
			fmt.Fprintf(out, "! refused: %v\n", err)
		}
	}
	if r.step {
		r.poll(maxTurn, false)
	}
	return nil
}
