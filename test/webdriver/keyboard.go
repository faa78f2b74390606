package webdriver

// Key is a key of the keyboard: one of those below, or the character that it
// types. W3C WebDriver, section "Keyboard actions".
type Key string

// Tab and the others are keys that do something rather than type something.
const (
	Tab        Key = "\uE004"
	Enter      Key = "\uE007"
	Shift      Key = "\uE008"
	Control    Key = "\uE009"
	Alt        Key = "\uE00A"
	Escape     Key = "\uE00C"
	Space      Key = " "
	End        Key = "\uE010"
	Home       Key = "\uE011"
	ArrowLeft  Key = "\uE012"
	ArrowUp    Key = "\uE013"
	ArrowRight Key = "\uE014"
	ArrowDown  Key = "\uE015"
	Delete     Key = "\uE017"
)

// Press presses the keys one after the other, holding all, then lets go of
// them in reverse: Press(Shift, Tab). Whatever has the focus gets them.
func (s *Session) Press(keys ...Key) {
	s.t.Helper()
	var actions []params
	for _, k := range keys {
		actions = append(actions, params{"type": "keyDown", "value": string(k)})
	}
	for i := range keys {
		actions = append(actions, params{"type": "keyUp", "value": string(keys[len(keys)-1-i])})
	}
	s.must("press keys", cmdActions, params{"actions": []params{
		{"type": "key", "id": "keyboard", "actions": actions},
	}})
}
