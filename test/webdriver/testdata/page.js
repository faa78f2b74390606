const log = text => {
	const li = document.createElement("li");
	li.textContent = text;
	document.querySelector("#log").append(li);
};

customElements.define("demo-card", class extends HTMLElement {
	connectedCallback() {
		const root = this.attachShadow({ mode: "open" });
		root.innerHTML = "<p>Card</p><button>Take</button><inner-part></inner-part>";
		root.querySelector("button").onclick = e => log(`took ${this.dataset.n}, trusted ${e.isTrusted}`);
		root.querySelector("inner-part").attachShadow({ mode: "open" }).innerHTML = "<i>deep inside</i>";
	}
});

document.querySelector("#save").onclick = () => log("saved");
document.querySelector("#name").onkeydown = e => log(`key ${e.shiftKey ? "Shift+" : ""}${e.key}`);

// A button that comes late, twice: whoever holds on to the first one fails.
globalThis.late = () => {
	const add = () => {
		document.querySelector("#late")?.remove();
		const b = document.createElement("button");
		b.id = "late";
		b.textContent = "Late";
		b.onclick = () => log("late");
		document.body.prepend(b);
	};
	setTimeout(add, 150);
	setTimeout(add, 300);
};

for (const id of ["one", "many", "folder"]) {
	document.querySelector("#" + id).onchange = async e => {
		for (const f of e.target.files) {
			log(`${id}: ${f.webkitRelativePath || f.name} ${f.size} ${JSON.stringify(await f.text())}`);
		}
	};
}

const drop = document.querySelector("#drop");
drop.ondragover = e => e.preventDefault();
drop.ondrop = async e => {
	e.preventDefault();
	const entries = [...e.dataTransfer.items].map(i => i.webkitGetAsEntry());
	const files = [...e.dataTransfer.files];
	for (const [i, f] of files.entries()) {
		if (entries[i]?.isDirectory) {
			const inside = await new Promise((y, n) => entries[i].createReader().readEntries(y, n));
			log(`folder ${f.name} with ${inside.map(x => x.name).sort().join(" ")}`);
		} else {
			log(`dropped ${f.name} ${f.size} ${JSON.stringify(await f.text())}`);
		}
	}
};

globalThis.speak = () => {
	console.log("a line", { n: 1 });
	console.warn("a warning");
	console.error("an error", new TypeError("of type"));
	setTimeout(() => { throw new Error("nobody catches me"); });
};

// Here, not at a driver's call, is the page's policy in force.
try { globalThis.ownEval = (0, eval)("'ran'"); } catch (e) { globalThis.ownEval = e.name; }
globalThis.ready = true;
