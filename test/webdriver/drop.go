package webdriver

// dropByScript makes the events of a drop in the page, for browsers whose
// drivers cannot drag from outside. The files are real: a file input that the
// page does not see hands them over.
func dropByScript(b conn, id string, files string) error {
	var input map[string]string
	err := evaluateInto(&input, b, `
const input = document.createElement("input");
input.type = "file";
input.multiple = true;
input.style.display = "none";
document.documentElement.append(input);
return input;`)
	if err != nil {
		return err
	}
	if _, err := b.send(cmdSendKeys, params{"id": input[elementKey], "text": files}); err != nil {
		return err
	}
	_, err = evaluate(b, dropScript, []any{reference(id), input})
	return err
}

// dropScript does as browsers do: no drop where dragover is not cancelled
// (HTML, section "Drag-and-drop processing model").
const dropScript = `
const [target, input] = arguments;
const data = new DataTransfer();
for (const f of input.files) data.items.add(f);
input.remove();
target.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
const r = target.getBoundingClientRect();
const at = {clientX: r.x + r.width / 2, clientY: r.y + r.height / 2};
const fire = type => target.dispatchEvent(new DragEvent(type, {
	...at, dataTransfer: data, bubbles: true, cancelable: true, composed: true,
}));
fire("dragenter");
if (fire("dragover")) fire("dragleave");
else fire("drop");`
