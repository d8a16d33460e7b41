// The till's hands: scanning, the queue of what the cashier does, paying
// safely. doc.go of the package says what is promised.
(() => {
	"use strict";

	const work = document.getElementById("work");
	const scan = document.getElementById("scan");
	const state = document.getElementById("line");
	const key = "till:" + location.pathname;
	const payKey = key + ":paying";
	const waitKey = key + ":waiting";
	const touch = matchMedia("(pointer: coarse)");

	const keep = {
		get: (k) => { try { return JSON.parse(sessionStorage.getItem(k)); } catch { return null; } },
		set: (k, v) => { try { sessionStorage.setItem(k, JSON.stringify(v)); } catch { /* a full store loses no money */ } },
		drop: (k) => { try { sessionStorage.removeItem(k); } catch { /* none */ } },
	};
	const pairs = () => [...new FormData(work)];
	const of = (list, name) => list?.find(([n]) => n === name)?.[1];

	// Focus goes back to where scanning starts; on glass it would bring up the
	// keyboard, and keys find their way there without it.
	const home = () => { if (scan && !touch.matches) scan.focus({ preventScroll: true }); };

	// A receipt that is recorded is not in the making any more.
	const done = document.querySelector("[data-done]");
	if (done) {
		for (const k of Object.keys(sessionStorage)) {
			if (k.startsWith("till:") && of(keep.get(k), "number") === done.dataset.done) keep.drop(k);
		}
	}
	addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

	// --- one request after another ------------------------------------------

	let queue = []; // what was done and not yet sent
	let sent = null; // what is under way
	let wanted = false; // the fields have changed
	let whole = null; // a form to be sent instead of the one that is shown
	let paying = null; // a form whose answer is not known yet, as it was sent
	let failed = false;
	let undo = null;
	let timer = 0;
	let again = 0;
	const edited = new Map(); // fields typed in since the last request was sent

	const hold = (on) => { // nothing is done to a receipt whose payment is not answered
		work.inert = on;
		if (scan) scan.disabled = on;
	};
	// What was done outlives the page until the form that comes of it is kept.
	function waiting() {
		if (!work) return;
		work.classList.toggle("waiting", Boolean(sent || queue.length || wanted || paying));
		const undone = [...sent?.queue ?? [], ...queue];
		if (undone.length) keep.set(waitKey, undone);
		else keep.drop(waitKey);
	}

	function go() {
		clearTimeout(timer);
		if (!work || sent || failed || !(paying || whole || queue.length || wanted)) return waiting();
		sent = { queue, whole, pay: Boolean(paying) };
		queue = [];
		whole = null;
		wanted = false;
		edited.clear();
		waiting();
		start();
	}
	// A page that has just come may not be listening yet.
	let begun = null;
	function start() {
		htmx.trigger(work, "till:go");
		const mine = sent;
		setTimeout(() => { if (sent === mine && mine && begun !== mine) start(); }, 100);
	}
	const act = (...what) => { queue.push(...what); go(); if (failed) tell(); };
	const later = (ms) => { wanted = true; waiting(); clearTimeout(timer); timer = setTimeout(go, ms); };

	// Paid is what is shown: where a change is still on its way, it waits for
	// the price and goes on only if that is the same.
	let agreed = null;
	const total = () => work.querySelector("[name=total], [name=shown]").value;
	function pay() {
		const button = work?.querySelector("[data-pay]");
		if (!button || paying) return;
		if (sent || wanted || queue.length) {
			agreed = total();
			return go();
		}
		const wrong = work.querySelector(":is(.goods, .sum) [aria-invalid]") || missing(work);
		if (wrong) {
			wrong.ariaInvalid = "true";
			return lead(wrong);
		}
		if (button.disabled) return;
		paying = [...pairs(), ["paid_at", String(Date.now())]];
		keep.set(payKey, paying);
		go();
	}

	// What is wrong or missing is next; what is said of it is in sight, and read out.
	function lead(to) {
		const around = to.closest(".line, .redeem, .offs");
		to.closest("details")?.setAttribute("open", "");
		around?.scrollIntoView({ block: "nearest" });
		to.focus();
		document.getElementById("say").textContent = around?.querySelector(".wrong")?.textContent || "";
	}

	const ours = (e) => work && e.detail?.ctx?.sourceElement === work;

	document.addEventListener("htmx:config:request", (e) => {
		if (!ours(e)) return;
		begun = sent;
		const { request } = e.detail.ctx;
		const body = new FormData();
		for (const [n, v] of (sent.pay && paying) || sent.whole || pairs()) body.append(n, v);
		if (sent.pay) request.action = work.dataset.commit;
		else for (const d of sent.queue) body.append("do", d);
		request.body = body;
	});

	document.addEventListener("htmx:after:request", (e) => {
		if (!ours(e)) return;
		const { response, hx } = e.detail.ctx;
		if (response.status >= 500 || response.status === 429) {
			if (!response.headers.has("HX-Retarget")) e.preventDefault(); // a proxy's: it takes no place here
			return fail();
		}
		if (response.status < 400) document.getElementById("flash")?.replaceChildren();
		const to = hx?.redirect || "";
		if (sent?.pay && (!to || to.startsWith("/till/receipts/"))) {
			paying = null;
			keep.drop(payKey);
			if (to) keep.drop(key);
		}
		if (to) work.inert = true; // on the way to another page
	}, true);

	// The line is down: what was done is done again when it is back. It is told
	// here and not by the frame, which would say it twice.
	addEventListener("htmx:error", (e) => {
		if (!ours(e) || e.detail.ctx.response) return;
		e.stopPropagation();
		fail();
	}, true);

	function fail() {
		if (!sent) return;
		failed = true;
		if (!sent.pay) {
			queue = sent.queue.concat(queue);
			sent.queue = [];
			whole ||= sent.whole;
			wanted = true;
		}
		hold(Boolean(paying));
		tell();
		state.querySelector("[data-go-on]").hidden = !globalThis.till?.able;
		clearTimeout(again);
		again = setTimeout(retry, 3000);
	}
	// What was scanned meanwhile is not in the basket that is shown.
	function tell() {
		const codes = queue.filter((d) => d.startsWith("code:")).map((d) => d.slice("code:".length));
		state.querySelector("span").textContent = (paying ? state.dataset.unknown : state.dataset.offline) + " " + codes.join(", ");
		state.hidden = false;
	}
	function retry() {
		clearTimeout(again);
		if (!failed || sent) return;
		failed = false;
		go();
	}
	addEventListener("online", retry);
	state?.querySelector("[data-retry]").addEventListener("click", retry);

	document.addEventListener("htmx:finally:request", (e) => {
		if (!ours(e)) return;
		sent = null;
		waiting();
		if (failed) return;
		state.hidden = true;
		if (!paying && !e.detail.ctx.hx?.redirect) hold(false);
		if (e.detail.ctx.hx?.redirect) return;
		go();
		if (agreed !== null && !sent) {
			const same = agreed === total();
			agreed = null;
			if (same) pay();
		}
	});

	// --- the new state of the page ------------------------------------------

	// What a product that the catalog does not know still needs.
	const missing = (line = work.querySelector(".touched")) => [...line?.querySelectorAll("[data-needed]") ?? []].find((i) => !i.value);

	let soon = 0; // what is on its way is asked for again
	let was = null; // the field with the focus, before it was replaced; what stands in it, unless a button may have set it
	document.addEventListener("htmx:before:swap", (e) => {
		if (!ours(e)) return;
		const a = document.activeElement;
		const set = sent?.queue.length || sent?.whole; // not every browser moves the focus to a button
		was = work.contains(a) ? { id: a.id, value: !set && a.matches("input:not([type=checkbox])") ? a.value : null } : null;
		e.detail.ctx.scroll = document.getElementById("lines")?.scrollTop;
	});
	document.addEventListener("htmx:after:swap", (e) => {
		if (!ours(e)) return;
		const lines = document.getElementById("lines");
		if (lines) lines.scrollTop = e.detail.ctx.scroll || 0;
		for (const [id, value] of edited) {
			const el = document.getElementById(id);
			if (el && work.contains(el)) el.value = value;
		}
		const el = was?.id && document.getElementById(was.id);
		// Nothing closes over the field with the focus.
		const closed = el && el.closest("details:not([open])");
		if (closed) {
			closed.open = true;
			el.focus({ preventScroll: true });
		}
		if (el && was.value !== null && el.value !== was.value && document.activeElement === el) {
			const at = el.selectionStart;
			el.value = was.value;
			el.setSelectionRange(at, at);
		} else if (was && !el) {
			// Where something is missing or asked for, that is next; else scanning.
			const next = work.querySelector(".who [aria-invalid]") || [...work.querySelectorAll("#join-phone, #join-said, #join-name")].find((i) => !i.value) || missing();
			if (next) next.focus();
			else home();
		}
		(work.querySelector(".messages .alert") || work.querySelector(".touched"))?.scrollIntoView({ block: "nearest" });
		document.getElementById("say").textContent = work.querySelector("[data-say]")?.dataset.say || "";
		if (el && el.matches("[name=off]:checked") && missing(el.closest(".offs"))) lead(document.getElementById("reason"));
		if (undo?.shown === false) offerUndo();
		clearTimeout(soon);
		if (work.querySelector("[data-again]")) soon = setTimeout(() => later(0), 3000);
		save();
	});

	function save() {
		const list = pairs();
		if (list.some(([n, v]) => n === "sku" || (n === "customer" && v !== "0") || n === "joining" || (n.startsWith("quantity-") && v))) keep.set(key, list);
		else keep.drop(key);
	}

	function offerUndo() {
		undo.shown = true;
		const box = document.createElement("div");
		box.className = "alert alert-info undo";
		const text = document.createElement("div");
		text.textContent = undo.text;
		const button = document.createElement("button");
		button.type = "button";
		button.className = "btn";
		button.textContent = undo.label;
		button.addEventListener("click", () => { whole = undo.form; undo = null; keep.set(key, whole); act(); });
		box.append(text, button);
		work.querySelector(".messages").append(box);
	}

	// --- hands --------------------------------------------------------------

	work?.addEventListener("click", (e) => {
		const button = e.target.closest("[data-do], [data-pay]");
		if (!button) return;
		if (button.matches("[data-pay]")) return pay();
		if (button.dataset.clear) undo = { form: pairs(), text: button.dataset.clear, label: button.dataset.undo, shown: false };
		if (button.matches(".hit") || button.dataset.do === "look") drop();
		act(button.dataset.do);
	});
	work?.addEventListener("submit", (e) => e.preventDefault());
	work?.addEventListener("input", (e) => {
		if (e.target.id && e.target.matches("input:not([type=checkbox])")) edited.set(e.target.id, e.target.value);
		save();
		if (e.target.matches("[data-quote]:not([type=checkbox])")) later(350);
	});
	work?.addEventListener("change", (e) => {
		if (e.target.type === "checkbox") e.target.focus(); // which not every browser does
		if (e.target.matches("[data-quote]") && (e.target.type === "checkbox" || edited.has(e.target.id))) later(0);
	});
	work?.addEventListener("focusin", (e) => {
		if (e.target.matches(".stepper input, #redeem")) e.target.select();
	});

	// What a scanner types comes faster than any finger, and ends with Enter.
	// In the field for scanning nothing is cut off but what stood there before.
	const quick = 80, least = 6, stale = 1500;
	let burst = "", last = -stale, gap = 0, field = null, before = "";
	const typing = (el) => el.matches?.("input:not([type=checkbox]), textarea, select");
	addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
		if (e.key === "F9") { e.preventDefault(); return pay(); }
		if (e.key === "Escape") {
			if (document.querySelector(":popover-open")) return;
			if (document.querySelector("#found > *")) act("look");
			if (scan) { scan.value = ""; scan.focus(); }
			return e.stopPropagation();
		}
		const t = e.target;
		if (e.key === "ArrowDown" || e.key === "ArrowUp") return move(e);
		if (e.key === "Enter") {
			const code = burst;
			burst = "";
			const fast = code.length >= least && e.timeStamp - last < quick && t === field && typing(t);
			if (fast && t === scan && gap > stale) t.value = code;
			if (fast && t !== scan) {
				e.preventDefault();
				e.stopPropagation();
				t.value = before;
				edited.delete(t.id);
				return enter(code);
			}
			if (work?.contains(t) && t.matches("input")) {
				e.preventDefault();
				const button = t.closest(".pane").querySelector("[data-enter]");
				if (button) return button.click();
				later(0);
				const next = missing(t.closest(".line"));
				if (next && next !== t) next.focus();
				else home();
			}
			return;
		}
		if (e.key.length !== 1) return;
		if (e.timeStamp - last > quick || (t !== field && field !== scan)) {
			burst = "";
			gap = e.timeStamp - last;
			field = typing(t) ? t : scan;
			before = typing(t) ? t.value : "";
		}
		burst += e.key;
		last = e.timeStamp;
		if (!typing(t) && scan && e.key !== " " && !document.querySelector(":popover-open")) {
			scan.value = "";
			scan.focus();
			e.stopPropagation();
		}
	}, true);

	function move(e) {
		const hits = [...document.querySelectorAll(".hit")];
		if (!hits.length || !(e.target === scan || e.target.matches(".hit"))) return;
		e.preventDefault();
		const at = hits.indexOf(e.target) + (e.key === "ArrowDown" ? 1 : -1);
		(hits[at] || (at < 0 ? scan : hits.at(-1))).focus();
	}

	// A code goes into the basket, or to the page that knows what to do with it.
	function enter(code) {
		code = code.trim();
		if (!code) return;
		if (work?.dataset.suggest) {
			drop();
			return act("code:" + code);
		}
		if (scan) {
			scan.value = code;
			scan.form.submit();
		}
	}
	scan?.form.addEventListener("submit", (e) => {
		if (!work?.dataset.suggest) return;
		e.preventDefault();
		const code = scan.value;
		drop();
		enter(code);
	});

	// Names are suggested while they are typed.
	let asked = 0, asking = null;
	function drop() {
		clearTimeout(asked);
		asking?.abort();
		if (document.activeElement?.matches(".hit")) home();
		if (scan) scan.value = "";
	}
	scan?.addEventListener("input", () => {
		if (!work?.dataset.suggest) return;
		clearTimeout(asked);
		asking?.abort();
		const typed = scan.value;
		asked = setTimeout(async () => {
			asking = new AbortController();
			try {
				const res = await fetch(work.dataset.suggest + "?code=" + encodeURIComponent(typed), { headers: { "HX-Request": "true", Accept: "text/html" }, signal: asking.signal });
				const text = await res.text();
				const found = document.getElementById("found");
				if (res.ok && scan.value === typed && !sent && found && text.includes('id="found"')) found.outerHTML = text;
			} catch { /* the next key asks again */ }
		}, 150);
	});

	// --- coming back --------------------------------------------------------

	if (work) {
		const code = document.body.dataset.code;
		if (code) history.replaceState(history.state, "", location.pathname);
		paying = keep.get(payKey);
		// A basket waits for its customer; a return begins anew where its page is
		// opened, and only reloading or coming back brings it back.
		const opened = performance.getEntriesByType("navigation")[0]?.type === "navigate";
		if (opened && !paying && !work.dataset.suggest) for (const k of [key, waitKey]) keep.drop(k);
		whole = keep.get(key);
		queue = keep.get(waitKey) ?? [];
		if (paying) {
			hold(true);
			wanted = Boolean(whole);
		}
		if (code) queue.push("code:" + code);
		if (document.readyState === "complete") go();
		else addEventListener("load", go);
	}
	if (!document.querySelector("[data-next]")) home();
})();
