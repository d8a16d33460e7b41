// What a level's discount comes to: package pricing in the browser, for sales
// without the line. It must agree with it to the last unit, which a test holds;
// points are the server's alone. All sums are whole numbers (BigInt inside).
(() => {
	"use strict";

	const whole = 10_000n;
	const most = 2n ** 63n - 1n;
	const maxAmount = 10n ** 15n;
	const min = (a, b) => (a < b ? a : b);
	const max = (a, b) => (a > b ? a : b);

	// Of nothing negative.
	const divide = (a, b, mode) => {
		if (mode === "half_up") return (2n * a + b) / (2n * b);
		return mode === "up" ? (a + b - 1n) / b : a / b;
	};

	function split(amount, weights) {
		const total = weights.reduce((sum, w) => sum + w, 0n);
		if (total === 0n) return null;
		const parts = weights.map((w) => amount * w / total);
		let left = amount - parts.reduce((sum, p) => sum + p, 0n);
		const rests = weights.map((w, i) => ({ i, rest: amount * w % total }));
		rests.sort((a, b) => (a.rest === b.rest ? a.i - b.i : a.rest < b.rest ? 1 : -1));
		for (const { i } of rests) {
			if (left === 0n) break;
			parts[i]++;
			left--;
		}
		return parts;
	}

	const has = (goods, line) => (line.categories ?? []).some((c) => goods?.categories?.includes(c)) ||
		Boolean(line.sku) && Boolean(goods?.products?.includes(line.sku));
	const isPromo = (line) => Boolean(line.promo) || line.discount > 0n;

	const minorOf = (exponent) => 10n ** BigInt(exponent);
	const lineTotal = (price, quantity, exponent) => divide(BigInt(price) * BigInt(quantity), 10_000_000n / minorOf(exponent), "half_up");

	// The rules that this knows. Where there are others, what they do is not.
	const knows = ["stopped", "stores", "labels", "point_value", "levels", "combine", "spend", "downgrade", "discount", "earn", "redeem", "welcome",
		"occasions", "return", "idle_days", "guard", "quote_minutes"];
	const combines = ["add", "better", "discount", "cashback"];

	class Sheet {
		constructor(input) {
			this.minor = minorOf(input.exponent);
			this.noDiscount = input.no_discount;
			this.noPoints = input.no_points;
			this.rules = input.rules && !input.rules.stopped ? input.rules : null;
			this.level = this.rules && input.level !== undefined && input.level !== null
				? this.rules.levels.find((l) => l.code === input.level) : null;
			this.days = input.days ?? [];
			this.lines = input.lines.map((l) => {
				const line = { ...l, discount: BigInt(l.discount ?? 0), gross: 0n, left: 0n, floor: 0n, tier: 0n, guarded: false, goods: !l.gift_card && !l.no_loyalty && !l.void };
				if (l.void) return line;
				line.gross = line.left = lineTotal(l.price, l.quantity, input.exponent);
				line.left -= line.discount;
				line.floor = this.guard(l);
				return line;
			});
		}

		guard(l) {
			if (!this.rules?.guard || l.cost === undefined || l.cost === null) return 0n;
			const unit = BigInt(l.cost) * (whole + BigInt(this.rules.guard.margin));
			if (unit > most) return maxAmount;
			const floor = divide(unit * BigInt(l.quantity), 10_000_000n / this.minor * whole, "up");
			return floor > most ? maxAmount : floor;
		}

		rates() {
			const l = this.level;
			const r = { discount: BigInt(l.discount), cashback: BigInt(l.cashback), per: BigInt(l.per ?? 0), promoCashback: 0n, perPromo: false };
			for (const day of this.days) {
				const o = this.rules.occasions?.find((o) => o.on === day);
				if (!o) continue;
				r.discount = max(r.discount, BigInt(o.discount ?? 0));
				const perRate = r.per === 0n ? 0n : BigInt(this.rules.point_value) * this.minor / r.per;
				if (BigInt(o.cashback ?? 0) > max(r.cashback, perRate)) [r.cashback, r.per] = [BigInt(o.cashback), 0n];
			}
			r.promoDiscount = r.discount;
			if (this.rules.earn.promo) [r.promoCashback, r.perPromo] = [r.cashback, true];
			if (l.promo) [r.promoDiscount, r.promoCashback, r.perPromo] = [BigInt(l.promo.discount), BigInt(l.promo.cashback), false];
			return r;
		}

		discount() {
			if (!this.level) return;
			const r = this.rates();
			const discounts = () => r.discount > 0n || r.promoDiscount > 0n;
			const earns = () => r.cashback > 0n || r.promoCashback > 0n || r.per > 0n;
			const dropDiscount = () => { r.discount = r.promoDiscount = 0n; };
			const dropCashback = () => { r.cashback = r.promoCashback = r.per = 0n; };
			if (discounts() && earns()) {
				if (this.rules.combine === "discount") dropCashback();
				if (this.rules.combine === "cashback") dropDiscount();
			}
			if (this.noDiscount) dropDiscount();
			if (this.noPoints) dropCashback();
			const shares = discounts() ? this.shares(r) : null;
			if (!shares) return;
			if (this.rules.combine === "better" && earns()) {
				const allowed = this.lines.reduce((sum, l, i) => sum + min(shares[i], max(l.left - l.floor, 0n)), 0n);
				if (this.worth(this.earned(r)) > allowed) return;
			}
			this.lines.forEach((l, i) => {
				if (shares[i] === 0n) return;
				l.tier = min(shares[i], max(l.left - l.floor, 0n));
				l.guarded = l.tier < shares[i];
				l.left -= l.tier;
			});
		}

		shares(r) {
			let total = 0n, eligible = 0n, gain = 0n;
			const mixed = r.discount !== r.promoDiscount;
			const weights = this.lines.map((l) => {
				total += l.left;
				if (!l.goods || has(this.rules.discount.exclude, l)) return 0n;
				const rate = mixed && isPromo(l) ? r.promoDiscount : r.discount;
				if (rate === 0n) return 0n;
				eligible += l.left;
				gain += l.left * rate;
				return mixed ? l.left * rate : l.left;
			});
			const { mode, unit } = this.rules.discount.rounding;
			const shares = split(this.off(total, eligible, gain, mode, BigInt(unit)), weights);
			if (mixed && shares?.some((s, i) => s > this.lines[i].left)) return split(gain / whole, weights);
			return shares;
		}

		off(total, eligible, gain, mode, unit) {
			const twice = 2n * total - (2n * gain + whole - 1n) / whole;
			const left = mode === "half_up" ? (twice + unit) / (2n * unit) * unit : twice / 2n / unit * unit;
			const discount = total - left;
			const given = 2n * gain / whole;
			if (discount <= min(eligible, given)) return max(discount, 0n);
			return unit > 1n ? this.off(total, eligible, gain, mode, 1n) : given / 2n;
		}

		worth(points) {
			return min(points * BigInt(this.rules.point_value) / (1_000_000n / this.minor), most);
		}

		earned(r) {
			const { earn } = this.rules;
			let base = 0n, gain = 0n;
			for (const l of this.lines) {
				if (!l.goods || has(earn.exclude, l)) continue;
				const [rate, counts] = isPromo(l) ? [r.promoCashback, r.perPromo] : [r.cashback, true];
				if (r.per > 0n ? !counts : rate === 0n) continue;
				base += l.left;
				gain += l.left * rate;
			}
			const unit = BigInt(earn.rounding.unit);
			if (r.per > 0n) {
				const points = base / r.per * 100n;
				return unit <= 1n ? points : divide(points, unit, earn.rounding.mode) * unit;
			}
			return divide(gain * (1_000_000n / this.minor), whole * BigInt(this.rules.point_value) * unit, earn.rounding.mode) * unit;
		}
	}

	// price gives what each line and all of them come to. With rules that it does
	// not know it takes nothing off and says so.
	function price(input) {
		const known = !input.rules || Object.keys(input.rules).every((k) => knows.includes(k)) && combines.includes(input.rules.combine) &&
			!(input.rules.earn?.daily && input.rules.combine === "better"); // how many sales there were today, this does not know
		const s = new Sheet(known ? input : { ...input, rules: null });
		s.discount();
		const lines = s.lines.map((l) => ({ gross: Number(l.gross), discount: Number(l.gross - l.left), tier: Number(l.tier), guarded: l.guarded, total: Number(l.left) }));
		const sum = (what) => lines.reduce((all, l) => all + l[what], 0);
		return { lines, gross: sum("gross"), discount: sum("discount"), tier: sum("tier"), total: sum("total"), known };
	}

	// part is what comes back for a part of a line, after another part has.
	function part(line, before, quantity) {
		const upTo = (done) => {
			const gross = divide(BigInt(line.gross) * BigInt(done), BigInt(line.quantity), "half_up");
			return line.gross === 0 ? 0n : divide(BigInt(line.total) * gross, BigInt(line.gross), "half_up");
		};
		return Number(upTo(before + quantity) - upTo(before));
	}

	Object.assign(globalThis.till ??= {}, { price, part, lineTotal: (p, q, e) => Number(lineTotal(p, q, e)), knows });
})();
