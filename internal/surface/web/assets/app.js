// What pages need beyond links and forms. Without this file pages still work:
// what is lost are keys, copying and printing by a button, the message that the
// line is down, wide tables scrolled by keyboard, the guard against sending a form twice, and that a search in a
// list keeps the chips that were chosen since.
(() => {
	"use strict";

	const typing = (el) => el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));

	// "/" goes to the search box; "g" and a letter go to a section.
	let going = 0;
	const stopGoing = () => {
		clearTimeout(going);
		going = 0;
		document.body.classList.remove("go");
	};
	document.addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		if (e.key === "Escape" && e.target.matches?.("[data-slash]")) return e.target.blur();
		if (typing(e.target)) return;
		if (going) {
			// The key's place counts as well as its letter: a Russian layout goes too.
			const letter = e.key.toLowerCase();
			const place = e.code.replace(/^Key/, "").toLowerCase();
			const find = (c) => /^[a-z0-9]$/.test(c) && document.querySelector(`[data-go="${c}"]`);
			const link = find(letter) || find(place);
			stopGoing();
			if (link) {
				e.preventDefault();
				link.click();
			}
			return;
		}
		if (e.key === "/" || (e.code === "Slash" && !e.shiftKey)) {
			const box = document.querySelector("[data-slash]") || document.querySelector("main input[type=search]");
			if (box) {
				e.preventDefault();
				box.focus();
				box.select();
			}
		} else if (e.key === "g" || (e.code === "KeyG" && !e.shiftKey)) {
			document.body.classList.add("go");
			going = setTimeout(stopGoing, 1500);
		}
	});

	// Signing out leaves no tab a key to what a till has taken along.
	document.addEventListener("submit", (e) => {
		if (!e.target.action?.endsWith("/sign-out")) return;
		if (globalThis.BroadcastChannel) new BroadcastChannel("till").postMessage("forget");
	});

	// A form that is on its way is not sent twice.
	document.addEventListener("submit", (e) => {
		if (e.defaultPrevented || e.target.method !== "post") return;
		const form = e.target;
		if (form.dataset.sent) return e.preventDefault();
		form.dataset.sent = "1";
	});
	addEventListener("pageshow", () => {
		for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
	});

	// A list's search box stands outside the list, so its address is that of the
	// page's first showing: the chips chosen since are in the location.
	document.addEventListener("htmx:config:request", (e) => {
		const { sourceElement, request } = e.detail.ctx;
		if (!sourceElement.matches(".list-search")) return;
		const query = new URLSearchParams(location.search);
		query.delete("cursor");
		for (const [name, value] of [...request.body]) {
			query.delete(name);
			if (value === "") request.body.delete(name);
		}
		request.action = location.pathname + "?" + query;
	});

	// The server could not be reached: say so where messages go.
	function unreached() {
		const flash = document.getElementById("flash");
		if (!flash) return;
		const box = document.createElement("div");
		box.className = "alert alert-warning";
		box.textContent = flash.dataset.offline;
		flash.replaceChildren(box);
	}
	document.addEventListener("htmx:error", (e) => { if (!e.detail?.ctx?.response) unreached(); });
	// Nor has it been where a proxy before it answers: that page is none of ours and
	// takes no place on it.
	document.addEventListener("htmx:after:request", (e) => {
		const { response } = e.detail.ctx;
		if (e.defaultPrevented || response.status < 500 || response.headers.has("HX-Retarget")) return;
		e.preventDefault();
		unreached();
	});

	// data-copy copies a text and says so.
	document.addEventListener("click", (e) => {
		const button = e.target.closest?.("[data-copy]");
		if (!button || !navigator.clipboard) return;
		navigator.clipboard.writeText(button.dataset.copy).then(() => {
			if (button.dataset.copied) button.textContent = button.dataset.copied;
		}, () => {});
	});

	// A table that is wider than its place is scrolled by keyboard too.
	const heading = document.querySelector("h1");
	const reach = () => {
		for (const box of document.querySelectorAll(".table-box")) {
			if (box.scrollWidth <= box.clientWidth) {
				box.removeAttribute("tabindex");
				continue;
			}
			const title = box.previousElementSibling?.matches("h2") ? box.previousElementSibling : heading;
			box.tabIndex = 0;
			box.role = "group";
			box.ariaLabel = title?.textContent ?? "";
		}
	};
	reach();
	addEventListener("resize", reach);
	document.addEventListener("htmx:after:swap", reach);

	// What was sent and is wrong is where one goes on typing.
	document.querySelector("main [aria-invalid=true]")?.focus();

	// data-print prints the page.
	document.addEventListener("click", (e) => {
		if (e.target.closest?.("[data-print]")) print();
	});
})();
