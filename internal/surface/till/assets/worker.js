// What the browser asks while the server cannot be reached: pages under /till are
// answered with the one that goes on without the line, and its files from where
// queue.js has put them. Nothing else is kept, and where there is a line it is
// always asked.
//
// From one page of a tab to its next the key of the snapshot goes through here: in
// memory alone, and forgotten half a minute after the last page by the browser, which
// ends a worker that has nothing to do.
"use strict";

const keys = new Map(); // by tab
new BroadcastChannel("till").onmessage = ({ data }) => {
	if (data === "forget") keys.clear();
};

const down = [502, 503, 504];
const kept = (url) => caches.match(url, { ignoreVary: true });

async function page(request) {
	try {
		const answer = await fetch(request);
		return (down.includes(answer.status) && await kept("/till/offline")) || answer;
	} catch {
		return await kept("/till/offline") ?? Response.error();
	}
}

const file = async (request) => await kept(request.url) ?? fetch(request);

addEventListener("install", () => skipWaiting());
addEventListener("activate", (e) => e.waitUntil(clients.claim()));
addEventListener("message", ({ data, ports }) => {
	if (data === "claim") clients.claim(); // a page that came while this began
	else if (data.key === undefined) ports[0].postMessage(keys.get(data.tab) ?? null);
	else keys.set(data.tab, data.key);
});
addEventListener("fetch", (e) => {
	const { request } = e;
	const url = new URL(request.url);
	if (request.method !== "GET" || url.origin !== location.origin) return;
	if (request.mode === "navigate") e.respondWith(page(request));
	else if (/^\/(till-)?assets\//.test(url.pathname)) e.respondWith(file(request));
});
