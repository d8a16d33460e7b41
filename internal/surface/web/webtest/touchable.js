// What a finger would miss. Links inside of a text are excused.
(() => {
	const found = [];
	for (const el of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, summary, label.check")) {
		if (!el.checkVisibility({ visibilityProperty: true }) || el.closest(".skip, .visually-hidden")) continue;
		if (el.matches("a") && getComputedStyle(el).display === "inline") continue;
		// A box is touched by its label too.
		const target = el.matches("input") && el.closest("label") ? el.closest("label") : el;
		const { width, height } = target.getBoundingClientRect();
		if (height < 43.5 || width < 43.5) found.push(`${Math.round(width)}×${Math.round(height)}: ${el.outerHTML.replace(/\s+/g, " ").slice(0, 140)}`);
	}
	return found.slice(0, 20);
})()
