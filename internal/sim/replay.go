package sim

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/wire"
)

// MaxRecording is the longest recording, in bytes, that Replay reads.
const MaxRecording = 256 << 20

// ErrRecording says that a recording is no sequence of frames.
var ErrRecording = errors.New("not a recording: frames of package wire, the configuration first")

// Replay gives the engine what a driver once told it, and writes what it is
// told and what it asks for to out, a line each. A recording is the frames that
// went into wire.Session, one after the other: that of the configuration, then
// for each step the reading of the clocks and the events that followed it.
//
// Signatures depend on the secrets in it and nothing else does, so whoever hands
// a recording on puts others in their place.
//
// The error is ErrRecording, says what is wrong with the configuration, or says
// that the engine has panicked; what it refuses of an event is a line.
func Replay(recording io.Reader, out io.Writer) (err error) {
	data, err := io.ReadAll(io.LimitReader(recording, MaxRecording+1))
	if err != nil {
		return err
	}
	if len(data) > MaxRecording {
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
	return replaySteps(e, &frame, rest, text)
}

// replaySteps gives e one step after the other, and drains it after each.
func replaySteps(e *engine.Engine, frame *wire.Frame, rest []byte, out io.Writer) error {
	var now engine.Now
	var act engine.Action
	clocked := false
	drain := func() {
		for n := 0; clocked && n < maxTurn && e.Poll(now, &act); n++ {
			fmt.Fprintf(out, "  < %s\n", describeAction(nil, &act))
		}
	}
	for len(rest) > 0 {
		after, err := frame.Read(rest)
		if err != nil {
			return ErrRecording
		}
		rest = after
		if frame.Kind == wire.KindNow {
			drain()
			if now, err = wire.ReadNow(frame); err != nil {
				return err
			}
			clocked = true
			fmt.Fprintf(out, "%d.%03d\n", now.Mono/1000, now.Mono%1000)
			continue
		}
		if !clocked {
			return ErrRecording
		}
		var ev engine.Event
		if err = wire.ReadEvent(frame, &ev); err == nil && int(ev.Kind) < len(eventNames) && eventNames[ev.Kind] != "" {
			fmt.Fprintf(out, "> %s\n", describeEvent(nil, &ev))
		}
		if err == nil {
			err = e.Handle(now, &ev)
		}
		if err != nil {
			fmt.Fprintf(out, "! refused: %v\n", err)
		}
	}
	drain()
	return nil
}
