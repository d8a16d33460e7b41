// What waits for the line, and what a till knows without it.
//
// A receipt stays in the queue until the server's answer for it is stored, in one
// transaction with its removal; one tab sends at a time, in order, and the server
// knows a number that comes again. The snapshot's people lie encrypted: the key
// comes from the server to whoever is signed in and is held in memory alone: what a
// tab stores, the browser writes to its disk.
(() => {
	"use strict";

	const till = globalThis.till ??= {};
	const hour = 3_600_000;
	const day = 24 * hour;
	const most = 100; // receipts of one batch
	const mostText = 400_000; // and characters
	const life = crypto.randomUUID?.() ?? String(Math.random()); // of this page
	const apart = Boolean(document.getElementById("state")); // the page without the line
	const channel = globalThis.BroadcastChannel ? new BroadcastChannel("till") : null;

	// --- the store ------------------------------------------------------------

	let opened = null;
	const open = () => opened ??= new Promise((done, failed) => {
		const ask = indexedDB.open("till", 1);
		ask.onupgradeneeded = () => {
			ask.result.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
			ask.result.createObjectStore("answers", { keyPath: "key" });
			ask.result.createObjectStore("sold", { keyPath: "key" }); // of which something can come back
			ask.result.createObjectStore("kept"); // the snapshot
		};
		ask.onsuccess = () => done(ask.result);
		ask.onerror = () => failed(ask.error);
	});
	const asked = (request) => new Promise((done, failed) => {
		request.onsuccess = () => done(request.result);
		request.onerror = () => failed(request.error);
	});
	// write is done when it is on the disk.
	async function write(names, change) {
		const t = (await open()).transaction(names, "readwrite", { durability: "strict" });
		const over = new Promise((done, failed) => { t.oncomplete = done; t.onerror = t.onabort = () => failed(t.error); });
		await change((name) => t.objectStore(name));
		await over;
	}
	const all = async (name) => asked((await open()).transaction(name).objectStore(name).getAll());
	const kept = async (name) => asked((await open()).transaction("kept").objectStore("kept").get(name));

	const keyOf = (slip) => slip.kind + ":" + slip.till + ":" + slip.number;

	// --- the queue ------------------------------------------------------------

	// add puts a receipt into the queue, once; sold is what can come back of it, or
	// what has come back.
	async function add(slip, sold) {
		await write(["queue", "answers", "sold"], async (store) => {
			if (await inside(store, keyOf(slip))) return;
			store("queue").add({ ...slip, life, tick: performance.now() });
			if (sold) store("sold").put(sold);
		});
		changed();
		send();
	}

	// has tells whether a receipt was put into the queue, though its tab may have died
	// before it knew.
	async function has(key) {
		const t = (await open()).transaction(["queue", "answers"]);
		return inside((name) => t.objectStore(name), key);
	}
	async function inside(store, key) {
		const [waiting, answer] = await Promise.all([asked(store("queue").getAll()), asked(store("answers").get(key))]);
		return Boolean(answer) || waiting.some((s) => keyOf(s) === key);
	}

	// setBack is by how much the clock was set back since a sale, which the page that
	// sold finds out: by its own reckoning the receipt is older than the clock says.
	// A receipt's own time stays as it was: the server knows it again by that.
	function setBack(slip, now) {
		if (slip.life !== life) return slip.ahead ?? 0;
		const by = Math.round((performance.now() - slip.tick - (now - slip.sold_at)) / 1000) * 1000;
		return by > 60_000 ? by : slip.ahead ?? 0;
	}

	let state = ""; // why nothing is sent: "", offline, busy, signin, refused
	let clock = ""; // what the server says of this device's
	let again = 0;

	async function send() {
		clearTimeout(again);
		if (!navigator.locks) return;
		await navigator.locks.request("till:send", { ifAvailable: true }, async (mine) => {
			if (mine) await sendAll();
		});
		changed();
		if (state || (await all("queue")).length) again = setTimeout(send, state === "busy" ? 30_000 : 10_000);
	}

	// sendAll sends what waits, in the order of each till; what the server does not
	// take of one till keeps no other's.
	async function sendAll() {
		const left = new Set(); // tills
		for (let size = most; ;) {
			const waiting = (await all("queue")).filter((s) => !left.has(s.till));
			if (!waiting.length) return state = left.size ? "refused" : apart ? await reach() : "";
			const now = Date.now();
			const moved = waiting.filter((s) => {
				const was = s.ahead ?? 0;
				s.ahead = setBack(s, now);
				return Math.abs(s.ahead - was) > 2000;
			});
			if (moved.length) await write(["queue"], (store) => { for (const s of moved) store("queue").put(s); });
			const batch = [];
			let text = 0;
			for (const s of waiting) {
				text += JSON.stringify(s).length;
				if (s.till !== waiting[0].till || Math.abs(s.ahead - waiting[0].ahead) > 2000 || batch.length === size || batch.length && text > mostText) break;
				batch.push(s);
			}
			const [status, answer] = await post({ till: batch[0].till, sent_at: now + batch[0].ahead, slips: batch });
			if (status === 200) {
				clock = answer.clock ?? "";
				await settle(batch, answer.results);
				size = most;
				continue;
			}
			if ([400, 413, 422].includes(status)) { // one of them cannot be read
				if (batch.length === 1) await settle(batch, [{ state: "refused", says: [], code: "unread" }]);
				size = 1;
				continue;
			}
			state = status === 0 ? "offline" : status === 401 ? "signin" : status === 429 || status >= 500 ? "busy" : "";
			if (state) return;
			left.add(batch[0].till);
			size = most;
		}
	}

	// reach tells the page without the line whether there is one.
	async function reach() {
		try {
			const { status } = await ask("/till/key");
			return status === 401 ? "signin" : status === 429 || status >= 500 ? "busy" : "";
		} catch {
			return "offline";
		}
	}

	async function post(body) {
		try {
			const answer = await fetch("/till/late", { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
			if (answer.redirected) return [401];
			return [answer.status, answer.status === 200 ? await answer.json() : null];
		} catch {
			return [0];
		}
	}

	const settle = (batch, results) => write(["queue", "answers"], (store) => {
		batch.forEach((slip, i) => {
			const { state, says, receipt, code } = results[i];
			const fine = state === "recorded" || state === "known";
			store("answers").put({ key: keyOf(slip), at: Date.now(), state, says, receipt, code, seen: fine, slip: state === "refused" ? slip : { kind: slip.kind, number: slip.number, till: slip.till, sold_at: slip.sold_at, total: slip.total } });
			store("queue").delete(slip.seq);
		});
	});

	// seen takes a conflict off the list.
	async function seen(key) {
		const list = await all("answers");
		await write(["answers"], (store) => {
			for (const a of list) if (key === undefined || a.key === key) store("answers").put({ ...a, seen: true, slip: { ...a.slip, shown: undefined, form: undefined } });
		});
		changed();
	}

	// resend puts a receipt that was refused back into the queue.
	async function resend(key) {
		const a = (await all("answers")).find((a) => a.key === key);
		if (!a) return;
		const { seq, ...slip } = a.slip;
		await write(["queue", "answers"], (store) => {
			store("queue").add(slip);
			store("answers").delete(key);
		});
		changed();
		await send();
	}

	const listeners = [];
	async function tell() {
		const waiting = await all("queue");
		const answers = (await all("answers")).filter((a) => !a.seen);
		for (const f of listeners) f({ waiting, answers, state, clock });
	}
	function changed() {
		channel?.postMessage("changed");
		return tell();
	}
	const watch = (f) => { listeners.push(f); return tell(); };
	// Somebody has signed out in another tab: nobody here is known any more.
	if (channel) channel.onmessage = ({ data }) => {
		if (data === "forget") {
			drop();
			till.forgotten?.();
		}
		tell();
	};

	// --- the snapshot ---------------------------------------------------------

	const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
	const worker = () => navigator.serviceWorker?.controller;

	// The key, while this page is there; the worker takes it to the next one. One that
	// was asked for before all were dropped is not taken.
	let keys = null;
	let drops = 0;
	const tab = sessionStorage.getItem("apart:tab") ?? life;
	sessionStorage.setItem("apart:tab", tab);
	const lend = () => worker()?.postMessage({ tab, key: keys });
	function drop() {
		drops++;
		keys = null;
		lend();
	}
	addEventListener("pagehide", () => { if (keys) lend(); });
	document.addEventListener("submit", (e) => { if (e.target.action?.endsWith("/sign-out")) drop(); });

	async function held() {
		if (keys || !worker()) return keys;
		const before = drops;
		const { port1, port2 } = new MessageChannel();
		const lent = await new Promise((done) => {
			port1.onmessage = ({ data }) => done(data);
			setTimeout(done, 1000, null);
			worker().postMessage({ tab }, [port2]);
		});
		if (before === drops) keys ??= lent;
		return keys;
	}

	// forget leaves nothing of a till that this browser may not stand at.
	async function forget() {
		drop();
		await write(["kept"], (store) => store("kept").delete("people"));
	}

	const ask = (path) => fetch(path, { headers: { Accept: "application/json" } });

	// refresh fetches the key, and the snapshot where it is older than an hour.
	async function refresh() {
		const before = drops;
		const answer = await ask("/till/key");
		if ([401, 403, 404, 409].includes(answer.status)) return forget();
		if (!answer.ok) return;
		const { key, marks, ...of } = await answer.json();
		const latest = {
			...of, key: await crypto.subtle.importKey("raw", bytes(key), "AES-GCM", false, ["encrypt", "decrypt"]),
			marks: await crypto.subtle.importKey("raw", bytes(marks), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
		};
		if (before !== drops) return;
		keys = latest;
		lend();
		await write(["kept"], (store) => store("kept").put(latest.staff, "staff"));
		await navigator.locks.request("till:snapshot", { ifAvailable: true }, async (mine) => {
			if (!mine) return;
			const old = await kept("people");
			const fits = old && old.till === latest.till && old.generation === latest.generation;
			if (fits && Date.now() - old.fetched < hour && Date.now() >= old.fetched) return;
			const got = await ask("/till/snapshot");
			if (!got.ok) return;
			await keep(await got.json(), latest);
		});
	}

	// keep puts a snapshot away, its people encrypted with a key.
	async function keep(s, by) {
		if (s.generation !== by.generation || s.till !== by.till) return; // the next one will fit
		const iv = crypto.getRandomValues(new Uint8Array(12));
		const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, by.key, new TextEncoder().encode(JSON.stringify(s.private)));
		const sold = new Map((await all("sold")).map((k) => [k.key, k]));
		await write(["kept", "sold", "answers"], async (store) => {
			store("kept").put({ till: s.till, generation: s.generation, at: s.at, fetched: Date.now(), iv, data }, "people");
			store("kept").put({ till: s.till, at: s.at, goods: s.goods ?? [] }, "goods");
			for (const slip of s.slips ?? []) {
				const key = keyOf({ kind: "sale", till: s.till, number: slip.number });
				for (const l of slip.lines) l.returned = Math.max(l.returned, sold.get(key)?.lines.find((o) => o.position === l.position)?.returned ?? 0);
				store("sold").put({ ...slip, key, till: s.till });
			}
			for (const k of sold.values()) if (Date.now() - k.sold_at > 30 * day) store("sold").delete(k.key);
			for (const a of await asked(store("answers").getAll())) if (a.seen && Date.now() - a.at > 14 * day) store("answers").delete(a.key);
		});
	}

	// people opens what lies encrypted; null where this tab has no key for it.
	async function people() {
		const [box, by] = [await kept("people"), await held()];
		if (!box || !by || box.till !== by.till || box.generation !== by.generation) return null;
		try {
			const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: box.iv }, by.key, box.data);
			return { ...JSON.parse(new TextDecoder().decode(text)), at: box.at, mark: (what, of) => mark(by.marks, what, of) };
		} catch {
			return null;
		}
	}
	async function mark(key, what, text) {
		const sum = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(what + ":" + text)));
		return btoa(String.fromCharCode(...sum.slice(0, 9)));
	}

	// --- the page that goes on --------------------------------------------------

	const own = document.currentScript.src;

	// keepPage puts the page and what it names where the worker finds it.
	async function keepPage() {
		const is = [document.documentElement.lang, document.body.dataset.till, own].join(" ");
		const was = (localStorage.getItem("till:page") ?? "").split("\n");
		if (was[0] === is && Date.now() - was[1] < hour && Date.now() >= was[1]) return;
		const page = await fetch("/till/offline", { headers: { Accept: "text/html" } });
		if (!page.ok || page.redirected) return;
		const text = await page.clone().text();
		const files = [...new Set([...text.matchAll(/"(\/(?:till-)?assets\/[^"#]+)/g)].map((m) => m[1]))];
		const cache = await caches.open("till");
		const there = await cache.keys();
		const has = (file) => there.some((r) => new URL(r.url).pathname === file);
		await cache.addAll(files.filter((f) => !has(f)));
		await cache.put("/till/offline", page);
		for (const r of there) if (!["/till/offline", ...files].includes(new URL(r.url).pathname)) await cache.delete(r);
		localStorage.setItem("till:page", is + "\n" + Date.now());
	}

	const able = globalThis.indexedDB && globalThis.caches && crypto.subtle && navigator.serviceWorker && navigator.locks;

	// ready gets everything that is needed once the line is gone.
	async function ready() {
		try {
			await navigator.serviceWorker.register("/till/worker.js", { scope: "/till" });
			if (!navigator.serviceWorker.controller) (await navigator.serviceWorker.ready).active.postMessage("claim");
			if (document.body.dataset.till) {
				await held(); // should the line be gone before the server answers
				await refresh();
				await keepPage();
			} else await forget(); // nobody stands anywhere, or the till is switched off
			await navigator.storage?.persist?.();
		} catch { /* the line: the next page tries again */ }
		document.documentElement.dataset.ready = "";
	}

	Object.assign(till, { able, add, has, send, seen, resend, watch, kept, people, all, keyOf, forget });
	if (!able) return;
	addEventListener("online", send);
	addEventListener("load", () => {
		ready();
		send();
	});

	// What waits is told on every page of the till.
	const badge = document.getElementById("waiting");
	if (badge) watch(({ waiting, answers }) => {
		badge.hidden = !waiting.length && !answers.length;
		badge.classList.toggle("bad", answers.length > 0);
		badge.querySelector("strong").textContent = waiting.length + answers.length;
	});
})();
