// The till without its line: a basket is kept in the tab, priced by price.js and
// put into the queue of queue.js. Every text stands in the page.
(() => {
	"use strict";

	const { till } = globalThis;
	const $ = (id) => document.getElementById(id);
	const T = $("texts").dataset;
	const exponent = Number(T.exponent);
	const here = document.body.dataset.till;
	const basketKey = "apart:basket";
	const scan = $("scan");
	const touch = matchMedia("(pointer: coarse)");
	const one = 1000; // a piece, in thousandths
	const most = 1_000_000_000;

	let goods = []; // of the snapshot
	let byCode = new Map();
	let staff = "";
	let people = null; // null: this tab cannot open them
	let taken = 0; // when the snapshot was
	let basket = empty();
	let back = null; // the sale of which something comes back
	let found = null;
	let aside = ""; // goods of a basket that a newer one took the place of

	// --- how the language writes --------------------------------------------------

	const fill = (text, args) => text.replace(/%(\w+)%/g, (_, k) => args[k] ?? "");
	// label names what a template has labelled.
	const label = (el, args) => { for (const e of el.querySelectorAll("[aria-label*='%']")) e.ariaLabel = fill(e.ariaLabel, args); };
	function digits(v, exp, keep) {
		const text = String(Math.abs(v)).padStart(exp + 1, "0");
		let [whole, part] = exp ? [text.slice(0, -exp), text.slice(-exp)] : [text, ""];
		while (part.length > keep && part.endsWith("0")) part = part.slice(0, -1);
		return (v < 0 ? "−" : "") + whole.replace(/\B(?=(\d{3})+$)/g, T.group) + (part && T.decimal + part);
	}
	const whole = (v, exp) => "whole" in T && v % 10 ** exp === 0;
	const amount = (v) => digits(v, exponent, whole(v, exponent) ? 0 : exponent);
	const money = (v) => T.money.replace("{}", amount(v));
	const price = (v) => T.money.replace("{}", digits(v, 4, whole(v, 4) ? 0 : Math.min(exponent, 4)));
	const quantity = (v) => (v % one ? digits(v, 3, 3) : digits(v / one, 0, 0));
	const grouped = (no) => (/^\d{12,}$/.test(no) ? no.replace(/(\d{4})(?=\d)/g, "$1 ") : no);
	const time = (ms) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short", timeZone: T.zone }).format(ms);

	// read reads a typed number as a whole one of 10^-exp; null: it is none.
	function read(text, exp) {
		let t = String(text).trim().replace(/[\s'’‘`´ʻʼ]/g, "");
		if (/^0,/.test(t)) t = t.replace(",", ".");
		if (T.group === "," && /^\d{1,3}(,\d{3})+(\.|$)/.test(t)) t = t.replaceAll(",", "");
		const m = /^(\d+)(?:[.,](\d+))?$/.exec(t);
		if (!m) return null;
		const part = (m[2] ?? "").replace(/0+$/, "");
		if (part.length > exp || m[1].length + exp > 15) return null;
		return Number(m[1] + part.padEnd(exp, "0"));
	}

	const pad = (n, to = 2) => String(n).padStart(to, "0");
	function mint() {
		const p = Object.fromEntries(new Intl.DateTimeFormat("en-GB", { timeZone: T.zone, year: "2-digit", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).formatToParts(Date.now()).map((p) => [p.type, p.value]));
		const chance = crypto.getRandomValues(new Uint32Array(1))[0] % 10_000;
		return p.year + p.month + p.day + p.hour + p.minute + p.second + pad(chance, 4);
	}
	function empty() { return { number: "", lines: [], who: null, shown: "" }; }

	// --- what is known --------------------------------------------------------------

	const words = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);

	// full is the name of what a receipt says by the catalog's.
	function full(l) {
		const g = byCode.get(l.sku);
		return g?.plain && g.plain === l.name ? g.name : l.name;
	}
	// plain is the catalog's name of what is sold, which the receipt goes by; what it
	// does not know goes by the one that was typed.
	const plain = (l) => (!l.unknown && byCode.get(l.sku)?.plain) || l.name;

	async function know() {
		const kept = await till.kept("goods");
		goods = kept?.goods ?? [];
		staff = await till.kept("staff") ?? "";
		taken = kept?.at ?? 0;
		byCode = new Map();
		for (const g of goods) for (const code of g.barcodes ?? []) byCode.set(code, g);
		for (const g of goods) byCode.set(g.sku, g);
		people = await till.people();
	}

	function named(text) {
		const asked = words(text);
		if (!asked.length || !/\p{L}/u.test(text)) return [];
		const hits = [];
		for (const g of goods) {
			const has = g.words ??= words(g.name + " " + g.sku);
			if (asked.every((w) => has.some((h) => h.startsWith(w))) && hits.push(g) === 8) break;
		}
		return hits;
	}

	// whom finds people by a card, a phone or the last four digits.
	async function whom(text) {
		if (!people) return [];
		const digits = text.replace(/\D/g, "");
		const marks = [await people.mark("card", text.replace(/[\s\p{Pd}]/gu, "").toUpperCase())];
		if (/^[\d\s+()-]+$/.test(text) && digits.length >= 7) marks.push(await people.mark("phone", digits.slice(-9)));
		if (/^\d{4}$/.test(text)) marks.push(await people.mark("tail", text));
		return people.people.filter((p) => p.marks.some((m) => marks.includes(m)));
	}

	// --- the basket -------------------------------------------------------------------

	const save = () => sessionStorage.setItem(basketKey, JSON.stringify({ basket, back }));
	const openLines = () => basket.lines.filter((l) => !l.void);

	function put(g, q) {
		const line = q % one === 0 && basket.lines.find((l) => l.sku === g.sku && !l.void && !l.out && l.quantity % one === 0);
		if (line && line.quantity + q <= most) line.quantity += q;
		else basket.lines.push({ sku: g.sku, name: g.name, price: g.price, typed: !g.price, quantity: q });
	}
	// isCode tells the code of a product from a name, and isNew what can be sold as a new
	// one, as the page with the line does.
	const isCode = (text) => /\d/.test(text) && !/[+@\s]/.test(text);
	const isNew = (text) => (isCode(text) || (/\p{L}/u.test(text) && !text.includes("@"))) && text.length <= 100;
	function putNew(code, q) {
		const line = basket.lines.find((l) => l.sku === code && !l.void);
		if (line) line.quantity += q;
		else basket.lines.push({ sku: code, name: isCode(code) ? "" : code, price: 0, typed: true, unknown: true, quantity: q });
	}

	function priced() {
		const lines = openLines();
		const who = basket.who && people ? people.people.find((p) => p.id === basket.who.id) : null;
		const now = Date.now();
		return till.price({
			exponent, rules: who ? people.rules : null, level: who?.level || null,
			days: (who?.days ?? []).filter((d) => d.from <= now && now < d.until).map((d) => d.day),
			lines: lines.map((l) => {
				const g = byCode.get(l.sku);
				return { sku: l.sku, categories: g?.categories, gift_card: g?.gift_card, promo: g?.promo, no_loyalty: l.out, quantity: l.quantity || one, price: l.price, cost: people?.costs[l.sku] };
			}),
		});
	}

	const wrong = (l) => (!l.quantity || l.quantity > most ? T.quantity : !l.name ? T.name : !l.price ? T.price : "");

	// --- what is entered ----------------------------------------------------------------

	// A letter that a word begins with, as in "2 халвы", is no sign.
	const times = /^(-?[0-9][0-9.,]*)(?:\s*[*×]|[xXхХ]|\s+[xXхХ](?!\p{L}))\s*(\S.*)$/u;

	// What may begin with a size, such as "2XL": goods that are called so go before two of "L".
	const sized = /^[0-9]+[xXхХ]\p{L}/u;
	function counted(text) {
		const m = sized.test(text) && (byCode.has(text) || named(text).length) ? null : times.exec(text);
		return m ? [m[2], read(m[1], 3)] : [text, one];
	}

	async function enter(text) {
		text = text.trim().replace(/\s+/g, " ");
		scan.value = "";
		if (!text) return;
		if (mode() === "return") return findSale(text);
		if (mode() !== "sale") location.hash = "sale";
		$("done").hidden = true;
		const [what, q] = counted(text);
		found = null;
		const g = byCode.get(what);
		const four = /^\d{4}$/.test(text);
		const who = g && !four ? [] : await whom(text);
		if (!q || q > most) found = { text, people: [], goods: [] };
		else if (g && !who.length) put(g, q);
		else if (basket.lines.some((l) => l.sku === what && !l.void)) putNew(what, q);
		else if (who.length === 1 && !g && !four) take(who[0]);
		else {
			const list = g ? [g] : named(what);
			found = { text, people: who, goods: list, q, sell: isNew(what) && !who.length && !list.length ? what : "", shown: /\d/.test(text) && !who.length && !g && text.length <= 128 };
		}
		render();
	}

	function take(p) {
		Object.assign(basket, { who: { id: p.id, name: p.name, phone: p.phone, level: p.level }, shown: "" });
		found = null;
	}

	// --- returns ------------------------------------------------------------------------

	async function findSale(text) {
		const number = text.replaceAll(" ", "");
		const sale = (await till.all("sold")).find((s) => s.number === number && (s.till === here || s.id));
		back = sale ? { ...sale, chosen: {} } : null;
		render();
		if (!sale) note($("return"), fill(T.noreceipt, { number: text }));
	}
	const refund = () => back ? back.lines.reduce((sum, l) => sum + (back.chosen[l.position] ? till.part(l, l.returned, back.chosen[l.position]) : 0), 0) : 0;

	// --- paid ---------------------------------------------------------------------------

	let paying = false;
	async function pay() {
		if (paying || !$("done").hidden) return;
		paying = true;
		try {
			await (mode() === "return" ? payBack() : paySale());
		} catch {
			note($(mode() === "return" ? "return" : "sale"), T.full, "bad");
		} finally {
			paying = false;
		}
	}

	async function paySale() {
		const lines = openLines();
		const bad = lines.find(wrong);
		if (bad) return lead(basket.lines.indexOf(bad));
		if (mode() !== "sale" || !lines.length) return;
		const p = priced();
		basket.number ||= mint();
		save(); // a tab that dies now pays under the same number
		const slip = {
			kind: "sale", number: basket.number, till: here, staff, sold_at: Date.now(), total: p.total,
			customer: basket.who?.id ?? "", shown: basket.shown,
			lines: lines.map((l, i) => ({ sku: l.sku, name: plain(l), quantity: l.quantity, price: l.price, charged: p.lines[i].total, no_loyalty: Boolean(l.out) })),
		};
		const sold = {
			key: till.keyOf(slip), number: slip.number, till: here, sold_at: slip.sold_at,
			lines: lines.map((l, i) => ({ position: i + 1, name: l.name, quantity: l.quantity, gross: p.lines[i].gross, total: p.lines[i].total, returned: 0 })),
		};
		await till.add(slip, sold);
		done(slip, { off: p.discount, who: basket.who?.name ?? "", lines: lines.map((l, i) => [l.name, quantity(l.quantity) + " × " + price(l.price), amount(p.lines[i].gross)]) });
		basket = empty();
		save();
	}

	async function payBack() {
		const parts = back ? back.lines.filter((l) => back.chosen[l.position]).map((l) => ({ position: l.position, quantity: back.chosen[l.position] })) : [];
		if (!parts.length) return;
		back.as ||= mint();
		save();
		const slip = { kind: "return", number: back.as, till: here, staff, sold_at: Math.max(Date.now(), back.sold_at), total: refund(), original: back.id ?? "", original_number: back.number, parts };
		const { chosen, as, ...sold } = back;
		const lines = back.lines.filter((l) => chosen[l.position]).map((l) => [l.name, quantity(chosen[l.position]), amount(till.part(l, l.returned, chosen[l.position]))]);
		for (const l of sold.lines) l.returned += chosen[l.position] ?? 0;
		await till.add(slip, sold);
		done(slip, { off: 0, who: "", lines });
		back = null;
		save();
	}

	function done(slip, { off, who, lines }) {
		const box = $("done"), sale = slip.kind === "sale";
		const texts = {
			word: sale ? T.paid : T.returned, sum: money(slip.total), number: fill(T.number, { number: grouped(slip.number) }), kind: sale ? T.sale : T.return,
			no: grouped(slip.number), time: time(slip.sold_at), off: "−" + amount(off), total: sale ? T.total : T.refund, due: money(slip.total), who, later: who || slip.shown ? T.later : "",
		};
		for (const [slot, text] of Object.entries(texts)) for (const el of box.querySelectorAll(`[data-slot=${slot}]`)) el.textContent = text;
		box.querySelector(".slip-off").hidden = !off;
		box.querySelector(".slip-lines").replaceChildren(...lines.map(([name, count, sum]) => {
			const li = document.createElement("li"), row = document.createElement("span");
			row.className = "slip-row";
			row.append(...[count, sum].map((t) => Object.assign(document.createElement("span"), { textContent: t })));
			li.append(Object.assign(document.createElement("span"), { textContent: name }), row);
			return li;
		}));
		for (const id of ["sale", "return", "list"]) $(id).hidden = true;
		box.hidden = false;
		box.querySelector("[data-do=next]").focus();
		$("say").textContent = texts.word + " " + texts.sum;
	}

	// --- what is seen ---------------------------------------------------------------------

	const mode = () => ["return", "waiting"].find((m) => location.hash === "#" + m) ?? "sale";
	const clone = (id) => $(id).content.firstElementChild.cloneNode(true);
	const home = () => { if (!touch.matches) scan.focus({ preventScroll: true }); };

	function note(box, text, kind = "warning") {
		if (!text) return;
		const el = Object.assign(document.createElement("div"), { className: "alert alert-" + kind, textContent: text });
		box.querySelector(".messages").append(el);
	}

	function render() {
		const is = mode();
		const focus = document.activeElement?.id;
		$("done").hidden = true;
		$("say").textContent = "";
		$("sale").hidden = is !== "sale";
		$("return").hidden = is !== "return";
		$("list").hidden = is !== "waiting";
		for (const a of document.querySelectorAll("[data-mode]")) {
			if (a.dataset.mode === is) a.setAttribute("aria-current", "page");
			else a.removeAttribute("aria-current");
		}
		scan.placeholder = is === "return" ? T.scanReturn : T.scanSale;
		for (const box of document.querySelectorAll(".messages")) box.replaceChildren();
		if (is === "sale") renderSale();
		if (is === "return") renderBack();
		save();
		const again = focus && $(focus);
		if (again && again !== document.activeElement) again.focus();
		else if (!again || document.activeElement === document.body) home();
	}

	function renderSale() {
		if (!people) note($("sale"), T.nokey, "info");
		else if (Date.now() - taken > 24 * 3_600_000) note($("sale"), fill(T.old, { hours: Math.round((Date.now() - taken) / 3_600_000) }), "info");
		if (!basket.lines.length) aside = "";
		if (aside) note($("sale"), fill(T.aside, { goods: aside }));
		renderFound();
		renderWho();
		const lines = $("lines");
		lines.replaceChildren(...basket.lines.map((l, i) => line(l, i)));
		lines.hidden = !basket.lines.length;
		$("empty").hidden = Boolean(basket.lines.length);
		document.querySelector("[data-do=clear]").hidden = !basket.lines.length;
		sums();
	}

	function line(l, i) {
		const el = clone(l.void ? "t-void" : "t-line");
		el.dataset.at = i;
		el.querySelector("strong").textContent = l.name || l.sku;
		if (l.void) return el;
		const name = el.querySelector("[data-name]");
		name.id = "name-" + i;
		name.value = l.name;
		name.hidden = !l.unknown;
		el.querySelector(".line-name strong").hidden = Boolean(l.unknown);
		el.classList.toggle("new", Boolean(l.unknown));
		el.querySelector(".line-name span").textContent = (l.typed ? "" : price(l.price) + " · ") + l.sku + (l.out ? " · " + T.out : "");
		el.querySelector("[data-out]").textContent = l.out ? T.takeIn : T.takeOut;
		const count = el.querySelector("[data-quantity]");
		count.id = "quantity-" + i;
		count.value = l.text ?? quantity(l.quantity);
		const [less, more] = el.querySelectorAll("[data-step]");
		[less.id, more.id] = ["minus-" + i, "plus-" + i];
		label(el, { name: l.name });
		const typed = el.querySelector("[data-price]");
		typed.id = "price-" + i;
		typed.value = l.priceText ?? (l.price ? digits(l.price, 4, 0) : "");
		typed.closest(".line-edit").hidden = !l.typed;
		return el;
	}

	// sums tells what is to be paid, without touching what is being typed.
	function sums() {
		const p = priced();
		let at = 0;
		basket.lines.forEach((l, i) => {
			const el = $("lines").children[i];
			if (l.void) return;
			const res = p.lines[at++], why = wrong(l);
			el.querySelector(".line-total strong").textContent = why && !l.price ? "—" : amount(res.total);
			el.querySelector("s").textContent = res.discount ? amount(res.gross) : "";
			el.querySelector(".wrong").hidden = !why;
			el.querySelector(".wrong span").textContent = why;
			if (res.guarded) el.querySelector(".line-name span").textContent = l.sku + " · " + T.guarded;
		});
		const ok = at > 0 && !openLines().some(wrong);
		$("open").textContent = at || "";
		$("gross").textContent = amount(p.gross);
		$("off").textContent = "−" + amount(p.discount);
		for (const el of document.querySelectorAll(".sums .off")) el.hidden = !p.discount;
		$("due").textContent = at && !ok ? "—" : money(p.total);
		$("earn").hidden = !basket.who && !basket.shown;
		$("earn").querySelector("span").textContent = p.known ? T.points : T.rules;
		$("sale").querySelector("[data-pay]").disabled = !at;
		save();
	}

	function renderWho() {
		const box = $("who");
		if (!basket.who && !basket.shown) return box.replaceChildren(document.importNode($("t-nobody").content, true));
		const el = document.importNode($("t-who").content, true);
		el.querySelector("h2").textContent = basket.who ? basket.who.name || T.unnamed : basket.shown;
		el.querySelector(".muted").textContent = basket.who ? basket.who.phone : "";
		const level = basket.who && people?.rules?.levels.find((l) => l.code === basket.who.level);
		el.querySelector(".tier span").textContent = level ? fill(T.level, { level: level.name }) : "";
		box.replaceChildren(el);
	}

	function renderFound() {
		const box = $("found");
		if (!found) return box.replaceChildren();
		const el = clone("t-found");
		const list = el.querySelector(".found-list"), none = el.querySelector(".found-nothing");
		for (const p of found.people) {
			const hit = clone("t-person");
			hit.querySelector("strong").textContent = p.name || T.unnamed;
			hit.querySelector("span > span").textContent = p.phone;
			hit.addEventListener("click", () => { take(p); render(); });
			list.append(hit);
		}
		for (const g of found.goods) {
			const hit = clone("t-product");
			hit.querySelector("strong").textContent = g.name;
			hit.querySelector("span > span").textContent = g.sku;
			hit.querySelector(".hit-price").textContent = g.price ? price(g.price) : "";
			const q = found.q;
			hit.addEventListener("click", () => { put(g, q ?? one); found = null; scan.value = ""; render(); });
			list.append(hit);
		}
		none.hidden = Boolean(found.people.length || found.goods.length);
		el.querySelector("h2").hidden = !none.hidden;
		none.querySelector("p").textContent = fill(T.nothing, { text: found.text });
		none.querySelector("[data-do=sell]").hidden = !found.sell;
		none.querySelector("[data-do=shown]").hidden = !found.shown;
		box.replaceChildren(el);
	}

	function renderBack() {
		$("of").dataset.text ??= $("of").textContent;
		$("of").textContent = back ? fill(T.number, { number: grouped(back.number) }) : $("of").dataset.text;
		$("back-lines").replaceChildren(...(back?.lines ?? []).map((l) => {
			const el = clone("t-back");
			const left = l.quantity - l.returned, chosen = back.chosen[l.position] ?? 0;
			el.dataset.position = l.position;
			el.classList.toggle("chosen", chosen > 0);
			el.classList.toggle("void", left <= 0);
			el.querySelector("strong").textContent = l.name;
			el.querySelector(".line-name span").textContent = quantity(l.quantity);
			el.querySelector(".line-total strong").textContent = amount(l.total);
			const count = el.querySelector("[data-quantity]");
			count.id = "back-" + l.position;
			count.value = back.text?.[l.position] ?? (chosen ? quantity(chosen) : "");
			const [less, more] = el.querySelectorAll("[data-step]");
			[less.id, more.id] = ["less-" + l.position, "more-" + l.position];
			label(el, { name: l.name, left: quantity(left) });
			if (left <= 0) el.querySelector(".stepper").remove();
			return el;
		}));
		backSum();
	}
	function backSum() {
		$("refund").textContent = refund() || Object.keys(back?.chosen ?? {}).length ? money(refund()) : "—";
		$("return").querySelector("[data-pay]").disabled = !back || !Object.values(back.chosen).some(Boolean);
	}

	function lead(i) {
		const l = basket.lines[i];
		($(!l.quantity ? "quantity-" + i : !l.name ? "name-" + i : "price-" + i) ?? scan).focus();
		$("say").textContent = wrong(l);
	}

	// --- what waits ---------------------------------------------------------------------------

	let shown = "";
	function told({ waiting, answers, state, clock }) {
		$("count").textContent = waiting.length + answers.length;
		$("count").classList.toggle("bad", answers.length > 0);
		const line = $("state");
		const is = state === "" && !waiting.length ? "back" : state === "" || state === "offline" ? "off" : state;
		line.dataset.state = is;
		line.querySelector("span").textContent = [T[is], clock].filter(Boolean).join(" ");
		line.querySelector("[data-online]").hidden = is === "off";
		// Nothing is replaced under a finger.
		const lists = JSON.stringify([waiting.map((s) => s.seq), answers.map((a) => [a.key, a.at])]);
		if (lists === shown) return;
		shown = lists;
		$("queue").replaceChildren(...waiting.map((s) => {
			const el = clone("t-waiting");
			describe(el, s);
			return el;
		}));
		for (const el of document.querySelectorAll("[data-some]")) el.hidden = !waiting.length;
		$("none").hidden = Boolean(waiting.length || answers.length);
		document.querySelector("[data-do=all-seen]").hidden = !answers.length;
		$("conflicts").replaceChildren(...answers.map((a) => {
			const el = clone("t-conflict");
			describe(el, a.slip);
			el.querySelector(".wrong").textContent = (a.code ? [T[a.code]] : a.says).join(" ");
			el.querySelector("ol").replaceChildren(...(a.slip.lines ?? []).map((l) => Object.assign(document.createElement("li"), { textContent: full(l) + " · " + quantity(l.quantity) + " × " + price(l.price) })));
			el.querySelector("[data-again]").hidden = a.state !== "refused";
			el.querySelector("[data-seen]").addEventListener("click", () => till.seen(a.key));
			el.querySelector("[data-again]").addEventListener("click", () => till.resend(a.key));
			return el;
		}));
	}
	function describe(el, s) {
		el.querySelector("strong").textContent = (s.kind === "return" ? T.return : T.sale) + " " + grouped(s.number);
		el.querySelector("span > span").textContent = time(s.sold_at);
		el.querySelector(".hit-price").textContent = money(s.total);
	}

	// --- hands -------------------------------------------------------------------------------

	const acts = {
		clear: () => { basket = empty(); found = null; },
		nobody: () => Object.assign(basket, { who: null, shown: "" }),
		look: () => { found = null; },
		sell: () => { putNew(found.sell, found.q); found = null; },
		shown: () => { Object.assign(basket, { who: null, shown: found.text }); found = null; },
		next: () => { location.hash = "sale"; },
		send: () => till.send(),
		"all-seen": () => till.seen(),
	};
	function step(l, by) {
		delete l.text;
		l.quantity += by * one;
		if (l.quantity <= 0) [l.void, l.quantity] = [true, one];
	}
	const onLine = {
		plus: (l) => step(l, 1),
		minus: (l) => step(l, -1),
		strike: (l) => { l.void = true; },
		restore: (l) => { l.void = false; },
		out: (l) => { l.out = true; },
		in: (l) => { l.out = false; },
	};
	document.addEventListener("click", (e) => {
		if (e.target.closest("[data-pay]")) return pay();
		const el = e.target.closest("button");
		if (!el) return;
		if (el.dataset.do) {
			acts[el.dataset.do]();
			return render();
		}
		const l = basket.lines[el.closest("[data-at]")?.dataset.at];
		const position = el.closest("[data-position]")?.dataset.position;
		if (position && el.dataset.step) {
			const of = back.lines.find((l) => l.position === Number(position));
			back.chosen[position] = Math.min(Math.max((back.chosen[position] ?? 0) + el.dataset.step * one, 0), of.quantity - of.returned);
			return render();
		}
		if (!l) return;
		if ("strike" in el.dataset) l.void = true;
		else if ("restore" in el.dataset) l.void = false;
		else if ("out" in el.dataset) l.out = !l.out;
		else if (el.dataset.step) step(l, Number(el.dataset.step));
		else return;
		render();
	});
	document.addEventListener("input", (e) => {
		const el = e.target;
		const l = basket.lines[el.closest("[data-at]")?.dataset.at];
		const position = el.closest("[data-position]")?.dataset.position;
		if (position) {
			const of = back.lines.find((l) => l.position === Number(position));
			const q = read(el.value, 3) ?? 0;
			back.chosen[position] = q <= of.quantity - of.returned ? q : 0;
			el.ariaInvalid = el.value && !back.chosen[position] ? "true" : null;
			save();
			return backSum();
		}
		if (l) {
			if ("name" in el.dataset) l.name = el.value.trim();
			if ("quantity" in el.dataset) [l.text, l.quantity] = [el.value, read(el.value, 3) ?? 0];
			if ("price" in el.dataset) [l.priceText, l.price] = [el.value, read(el.value, 4) ?? 0];
			return sums();
		}
		if (el !== scan || mode() !== "sale") return;
		const [what] = counted(el.value);
		const list = what.length < 2 ? [] : named(what);
		found = list.length ? { text: el.value, people: [], goods: list, q: one } : null;
		renderFound();
	});
	scan.form.addEventListener("submit", (e) => {
		e.preventDefault();
		enter(scan.value);
	});

	// A scanner types faster than any finger, wherever the focus is.
	let burst = "", last = 0, field = null, before = "";
	const typing = (el) => el.matches?.("input");
	addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
		if (e.key === "F9") { e.preventDefault(); return pay(); }
		if (e.key === "Escape") { found = null; scan.value = ""; render(); return scan.focus(); }
		const t = e.target;
		if (e.key === "ArrowDown" || e.key === "ArrowUp") {
			const hits = [...document.querySelectorAll("#found .hit")];
			if (!hits.length || !(t === scan || t.matches(".hit"))) return;
			e.preventDefault();
			const at = hits.indexOf(t) + (e.key === "ArrowDown" ? 1 : -1);
			return (hits[at] || (at < 0 ? scan : hits.at(-1))).focus();
		}
		if (e.key === "Enter") {
			const code = burst;
			burst = "";
			if (code.length >= 6 && e.timeStamp - last < 80 && t === field && t !== scan && typing(t)) {
				e.preventDefault();
				t.value = before;
				t.dispatchEvent(new Event("input", { bubbles: true }));
				return enter(code);
			}
			if (typing(t) && t !== scan) {
				e.preventDefault();
				const next = [...t.closest(".line").querySelectorAll("input")].find((i) => i !== t && i.checkVisibility() && !i.value);
				(next ?? scan).focus();
			}
			return;
		}
		if (e.key.length !== 1) return;
		if (e.timeStamp - last > 80 || (t !== field && field !== scan)) [burst, field, before] = ["", typing(t) ? t : scan, typing(t) ? t.value : ""];
		burst += e.key;
		last = e.timeStamp;
		if (!typing(t) && e.key !== " ") {
			scan.value = "";
			scan.focus();
		}
	}, true);
	document.addEventListener("focusin", (e) => { if (e.target.matches(".stepper input")) e.target.select(); });
	addEventListener("hashchange", render);

	// --- coming here ----------------------------------------------------------------------------

	// What the page with the line has left in this tab: a payment whose answer was
	// lost goes into the queue as it was sent, a basket is gone on with.
	async function inherit() {
		let lost = false;
		for (const key of Object.keys(sessionStorage)) {
			if (!key.startsWith("till:/till") || !key.endsWith(":paying")) continue;
			let form = null;
			try { form = JSON.parse(sessionStorage.getItem(key)); } catch { /* nothing that can be read */ }
			if (!form) continue;
			const of = Object.fromEntries(form ?? []);
			const original = /\/returns\/(\d+):/.exec(key)?.[1] ?? "";
			const [total, withheld] = original ? (of.shown ?? "0-0").split("-") : [of.due, 0];
			await till.add({
				kind: original ? "return" : "sale", number: of.number, till: of.till, staff, sold_at: Number(of.paid_at) || Date.now(),
				original, total: total - withheld, form: new URLSearchParams(form).toString(),
			});
			sessionStorage.removeItem(key);
			sessionStorage.removeItem(key.slice(0, -":paying".length));
			lost = true;
		}
		const [left, undone] = ["till:/till", "till:/till:waiting"].map((key) => {
			const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
			sessionStorage.removeItem(key);
			return kept;
		});
		// What was begun with the line is the newer one, and is gone on with.
		if (basket.lines.length && (left?.some(([n]) => n === "sku") || undone?.some((what) => what.startsWith("code:")))) {
			aside = openLines().map((l) => (l.name || l.sku) + " × " + quantity(l.quantity)).join(", ");
			basket = empty();
		}
		if (left && !basket.lines.length) {
			const of = (name) => left.filter(([n]) => n === name).map(([, v]) => v);
			const [names, prices, quantities, voids, outs] = ["name", "price", "quantity", "void", "out"].map(of);
			of("sku").forEach((sku, i) => {
				const g = byCode.get(sku);
				basket.lines.push({ sku, name: g?.name || names[i], price: g?.price || Number(prices[i]), typed: !g?.price, unknown: !g, quantity: read(quantities[i], 3) ?? one, void: voids[i] === "1", out: outs[i] === "1" });
			});
			const [id] = of("customer");
			const p = people?.people.find((p) => p.id === id);
			if (p) take(p);
			else if (id && id !== "0") basket.who = { id, name: "", phone: "", level: "" };
		}
		const unsure = [];
		for (const what of undone ?? []) if (!await redo(what)) unsure.push(what.slice(what.indexOf(":") + 1));
		return { lost, unsure: unsure.join(", ") };
	}

	// redo does here what the server has not heard of any more; false: it is to be
	// entered again, for nobody knows what it is.
	async function redo(what) {
		const [verb, ...rest] = what.split(":"), arg = rest.join(":");
		const l = basket.lines[arg];
		if (verb === "code") {
			await enter(arg);
			if (!found) return true;
			found = null;
			return false;
		}
		if (verb === "product") {
			if (!byCode.has(arg)) return false;
			put(byCode.get(arg), one);
		}
		if (verb === "new") {
			const m = times.exec(arg);
			putNew(m ? m[2] : arg, m ? read(m[1], 3) || one : one);
		}
		if (verb === "customer") {
			const p = people?.people.find((p) => p.id === arg);
			if (p) take(p);
			else basket.who = { id: arg, name: "", phone: "", level: "" };
		}
		if (verb === "clear" || verb === "nobody") acts[verb]();
		if (l && verb in onLine) onLine[verb](l);
		return true;
	}

	async function start() {
		await know();
		try {
			const was = JSON.parse(sessionStorage.getItem(basketKey));
			if (was) ({ basket, back } = was);
		} catch { /* none */ }
		if (basket.number && await till.has("sale:" + here + ":" + basket.number)) basket = empty();
		if (back?.as && await till.has("return:" + here + ":" + back.as)) back = null;
		till.forgotten = () => { people = null; };
		const { lost, unsure } = await inherit();
		render();
		if (unsure) note($("sale"), fill(T.unsure, { codes: unsure }));
		addEventListener("offline", till.send);
		if (lost) note($(mode() === "return" ? "return" : "sale"), T.paying, "info");
		await till.watch(told);
		document.documentElement.dataset.started = "";
	}
	// A basket is paid where it was begun: the page with the line would not know of it.
	document.querySelector("[data-online]").addEventListener("click", (e) => {
		if (!openLines().length) return;
		e.preventDefault();
		const tell = () => note($("sale"), T.unpaid);
		if (mode() === "sale") {
			render();
			return tell();
		}
		addEventListener("hashchange", tell, { once: true });
		location.hash = "sale";
	});
	if (till.able) start();
	else $("unable").hidden = false;
})();
