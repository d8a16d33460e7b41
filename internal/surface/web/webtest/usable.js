// What a person with weak eyes, or a screen reader, would stumble over.
(() => {
	const found = [];
	const tell = (el, what) => found.push(`${what}: ${el.outerHTML.replace(/\s+/g, " ").slice(0, 140)}`);
	const shown = (el) => el.checkVisibility({ opacityProperty: true, visibilityProperty: true });

	// Colours of every notation become bytes by being painted.
	const canvas = document.createElement("canvas");
	canvas.width = canvas.height = 1;
	const brush = canvas.getContext("2d", { willReadFrequently: true });
	const known = new Map();
	const bytes = (colour) => {
		if (!known.has(colour)) {
			brush.clearRect(0, 0, 1, 1);
			brush.fillStyle = colour;
			brush.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
			known.set(colour, [r, g, b, a / 255]);
		}
		return known.get(colour);
	};
	const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
	const behind = (el) => {
		const layers = [];
		for (let e = el; e; e = e.parentElement) {
			const colour = bytes(getComputedStyle(e).backgroundColor);
			if (colour[3] > 0) layers.push(colour);
			if (colour[3] === 1) break;
		}
		let below = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
		for (const layer of layers.reverse()) below = over(layer, below);
		return below;
	};
	const light = (rgb) => {
		const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set();
	while (words.nextNode()) {
		const el = words.currentNode.parentElement;
		if (/‹[\w.]+›/.test(words.currentNode.textContent)) tell(words.currentNode.parentElement, "has no text");
		if (!words.currentNode.textContent.trim() || seen.has(el) || !shown(el) || el.closest("[disabled], [aria-disabled=true], option, .skip")) continue;
		seen.add(el);
		const style = getComputedStyle(el);
		const ground = behind(el);
		const ink = over(bytes(style.color), ground);
		const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		const size = parseFloat(style.fontSize);
		const need = size >= 24 || (size >= 18.66 && style.fontWeight >= 600) ? 3 : 4.5;
		if (ratio < need) tell(el, `contrast ${ratio.toFixed(2)}, ${need} is needed`);
	}

	for (const el of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, summary")) {
		if (!shown(el)) continue;
		const label = el.labels?.length ? [...el.labels].map((l) => l.innerText).join(" ") : "";
		const byId = (el.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.innerText ?? "").join(" ");
		const name = [el.getAttribute("aria-label"), byId, label, el.title, el.matches("input, select, textarea") ? "" : el.innerText, el.querySelector("img")?.alt].join("");
		if (!name.trim()) tell(el, "has no name");
	}

	for (const el of document.querySelectorAll("select")) {
		const style = getComputedStyle(el);
		brush.font = style.font;
		const needed = brush.measureText(el.selectedOptions[0]?.text ?? "").width;
		if (shown(el) && needed > el.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) tell(el, "its choice is cut off: " + el.selectedOptions[0]?.text);
	}

	const ids = new Map();
	for (const el of document.querySelectorAll("[id]")) {
		if (ids.has(el.id)) tell(el, "its id is there twice");
		ids.set(el.id, el);
	}
	if (document.querySelectorAll("h1").length !== 1) found.push("the page has not exactly one h1");
	if (!document.documentElement.lang) found.push("the page does not say its language");
	return found.slice(0, 20);
})()
