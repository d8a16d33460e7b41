// What the owner's pages need beyond app.js: a clock for the first form, pickers
// by keyboard, an example that stays out of the way.
//
// Pickers by keyboard: the arrows go between the box and what was found, Enter
// takes the first of it, Escape puts it away. Without this file the buttons are
// reached by Tab, and Enter asks the server.
(() => {
	"use strict";

	// Where the example is a sheet (admin.css) it would cover the rules: there it is opened by hand.
	if (matchMedia("(max-width: 75rem)").matches) document.querySelector(".example > details")?.removeAttribute("open");

	// The chain's clock is that of its owner's browser more likely than the server's.
	const zone = document.querySelector("form[data-first] [name=zone]");
	if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;

	const box = (picker) => picker.querySelector("input[type=search]");
	const hits = (picker) => picker.querySelector(".hits");
	const fresh = (picker) => hits(picker).dataset.find === box(picker).value.trim();
	let waits = null; // a box in which Enter came before what it looks for

	const take = (picker) => {
		waits = null;
		hits(picker).querySelector(".hit")?.click();
	};

	// Enter in a box would send the whole form.
	document.addEventListener("submit", (e) => {
		const picker = e.submitter?.value === "enter" && document.activeElement.closest(".picker");
		if (!picker) return;
		e.preventDefault();
		if (!box(picker).value.trim()) return;
		if (fresh(picker)) take(picker);
		else waits = box(picker);
	}, true);
	document.addEventListener("keydown", (e) => {
		const picker = e.target.closest?.(".picker");
		if (!picker) return;
		if (e.key === "Escape") {
			box(picker).value = "";
			box(picker).focus();
			hits(picker).replaceChildren();
		} else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
			const all = [box(picker), ...hits(picker).querySelectorAll(".hit")];
			const next = all[all.indexOf(e.target) + (e.key === "ArrowDown" ? 1 : -1)];
			if (!next) return;
			e.preventDefault();
			next.focus();
		}
	});
	document.addEventListener("input", (e) => {
		if (e.target === waits) waits = null;
	});
	document.addEventListener("htmx:after:swap", () => {
		const picker = waits?.closest(".picker");
		if (picker && fresh(picker)) take(picker);
	});
})();

// Passkeys: a form with data-passkey asks the server what to sign, has it signed
// and is sent with the answer. Where there are none it stays hidden, as at an address
// of digits.
(() => {
	"use strict";

	if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON || /^[\d.]+$|^\[/.test(location.hostname)) return;
	for (const form of document.querySelectorAll("form[data-passkey]")) {
		const create = form.dataset.passkey === "create";
		const failed = form.querySelector("[data-failed]");
		form.hidden = false;
		form.addEventListener("submit", async (e) => {
			e.preventDefault();
			failed.hidden = true;
			try {
				const asked = await fetch(form.action + "/begin", {method: "POST", headers: {Accept: "application/json"}});
				if (create && asked.status === 403) return location.assign("/account"); // they signed in too long ago: the page leads on
				if (!asked.ok) throw new Error(asked.status);
				const {publicKey} = await asked.json();
				const key = create
					? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)})
					: await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey)});
				form.elements.answer.value = JSON.stringify(key.toJSON());
				form.submit();
			} catch {
				failed.hidden = false;
			}
		});
	}
})();
