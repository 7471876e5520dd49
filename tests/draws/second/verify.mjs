#!/usr/bin/env node
/**
 * Checks the public record of a draw by lot, "protocol 1". Written from docs/draw-protocol.md alone; the numbers in
 * brackets below are that page's sections. Node 20, nothing but its own modules.
 *
 *   node verify.mjs FILE            every check of [8]; exit 0 all holds, 1 first difference named, 2 not a record
 *   node verify.mjs --result FILE   one JSON object: what this program computes from the record itself
 *   node verify.mjs --batch         the same for every line of standard input ({"error": ...} for a line it cannot use)
 *
 * It cannot check that a drand signature is the network's own (BLS12-381 needs a library), and says so.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';

/** The record is not what the protocol says. The message is for people. */
export class Difference extends Error {}

/** @param {boolean} holds @param {string} message names the difference when it does not hold */
const must = (holds, message) => { if (!holds) throw new Difference(message); };

/** A value from the record as it may safely be printed. */
function show(value) {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value).replace(/[\u007f-\u{10ffff}]/gu, '?');
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

// ---- fractions: {n, d}, BigInt, lowest terms, d > 0 ---------------------------------------------------------------
/** @param {bigint} n @param {bigint} [d] positive */
export function fraction(n, d = 1n) {
  let [a, b] = [n < 0n ? -n : n, d];
  while (b) [a, b] = [b, a % b];
  return { n: n / a, d: d / a };
}
const [ZERO, ONE] = [fraction(0n), fraction(1n)];
const whole = (number) => fraction(BigInt(number));
const plus = (a, b) => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
const minus = (a, b) => fraction(a.n * b.d - b.n * a.d, a.d * b.d);
const times = (a, b) => fraction(a.n * b.n, a.d * b.d);
const over = (a, b) => fraction(a.n * b.d, a.d * b.n); // for b > 0
const less = (a, b) => a.n * b.d < b.n * a.d;
const least = (a, b) => (less(b, a) ? b : a);
const most = (a, b) => (less(a, b) ? b : a);
const sum = (list) => list.reduce(plus, ZERO);
/** A fraction as the record writes it: 20/27, or 0, or 1. */
export const written = ({ n, d }) => (d === 1n ? `${n}` : `${n}/${d}`);

// ---- canonical form and hashes [2] --------------------------------------------------------------------------------
const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);

/** RFC 8785. JavaScript's own JSON.stringify writes texts and numbers the way that RFC prescribes. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isObject(value)) {
    return `{${Object.keys(value).sort().map((name) => `${canonical(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  must(typeof value !== 'string' || value.isWellFormed(), `no canonical form: half a surrogate pair in ${show(value)}`);
  must(typeof value !== 'number' || Number.isFinite(value), 'no canonical form: a number is too large');
  return JSON.stringify(value);
}
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const hmac = (key, text) => createHmac('sha256', key).update(text, 'ascii').digest();
/** The SHA-256 of the canonical form, in hexadecimal. */
export const hashOf = (value) => sha256(Buffer.from(canonical(value), 'utf8')).toString('hex');

// ---- reading, and the form of things [1] [4] ----------------------------------------------------------------------
/** Reads one record: JSON, and no member twice in an object (RFC 8785 asks that). @param {string} text */
export function readRecord(text) {
  const record = JSON.parse(text);
  if (!isObject(record)) throw new Error('this is JSON, but not an object');
  const open = []; // the names seen in each object that is still open
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]+|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon) {
      const name = JSON.parse(token.slice(0, -colon.length));
      if (open.at(-1).has(name)) throw new Error(`the member ${show(name)} is twice in one object`);
      open.at(-1).add(name);
    }
  }
  return record;
}

const isText = (x) => typeof x === 'string' && x !== '' && x.isWellFormed();
const isName = (x) => typeof x === 'string' && /^[\x20-\x7e]+$/.test(x);
const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const isFlag = (x) => typeof x === 'boolean';
const isHex = (digits) => (x) => typeof x === 'string' && x.length === digits && /^[0-9a-f]+$/.test(x);
const isId = (x) => typeof x === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(x);
const isOneOf = (...values) => (x) => values.includes(x);
/** Seconds since 1970 of a time like 2023-08-23T14:30:00Z; NaN when it is none. */
const seconds = (x) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(x)
  && new Date(Date.parse(x) || 0).toISOString().replace('.000Z', 'Z') === x ? Date.parse(x) / 1000 : NaN);
const isTime = (x) => typeof x === 'string' && !Number.isNaN(seconds(x));

const isList = Array.isArray;
const orNull = (fits) => (x) => x === null || fits(x);
const TERMS = { seats: isCount, unfilledMinimum: isOneOf('released', 'held'), quotas: isList, carryOver: isObject,
  candidates: isList };
const LIST = { protocol: isOneOf('cultuurcoordinator-draw-1'), draw: isId, edition: isText, announcedAt: isTime,
  publishAt: orNull(isTime), beacon: orNull(isObject), ...TERMS, earlierDraws: (x) => isList(x) && x.every(isId) };
const QUOTA = { organisation: isName, minimum: isCount, maximum: isCount };
const CANDIDATE = { label: isHex(16), partner: isName, carriedOver: isFlag, chance: isText };
const GROUP = { partner: isName, carriedOver: isFlag, candidates: isCount, chance: isText, expectedSeats: isText };
const BEACONS = {
  drand: { kind: isText, round: (x) => isCount(x) && x > 0, roundAt: isTime,
    chain: isOneOf('52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971') },
  'public-source': { kind: isText, source: isText, field: isText, availableAt: isTime },
};
const OUTCOME = { random: orNull(isObject), seats: isList, lots: isList, withdrawn: isList };
const RECORD = { status: isOneOf('announced', 'run', 'completed', 'void', 'rehearsal'), groups: isList,
  drawNeeded: isFlag, outcome: orNull(isObject), outcomeHash: orNull(isHex(64)), recordHash: isHex(64) };

/** `value` must be an object that has these members, each as its test wants; no others, unless `open`. */
function form(value, tests, what, open = false) {
  must(isObject(value), `${what} is not an object but ${show(value)}`);
  for (const [name, fits] of Object.entries(tests)) {
    must(Object.hasOwn(value, name), `${what} has no member "${name}"`);
    must(fits(value[name]), `in ${what}, "${name}" is not what it should be: ${show(value[name])}`);
  }
  for (const name of open ? [] : Object.keys(value)) {
    must(Object.hasOwn(tests, name), `${what} has an unknown member ${show(name)}`);
  }
}

/** Each neighbouring pair must be in strict order. */
function sorted(rows, before, what) {
  rows.forEach((row, i) => must(i === 0 || before(rows[i - 1], row),
    `the ${what} are not sorted, or one is there twice, at place ${i + 1}`));
}

/** Takes from the list, strictly, what the computation needs. Makes no demand on the rest, nor on the order. */
export function readTerms(list) {
  form(list, TERMS, 'the list', true);
  const { seats, quotas, unfilledMinimum, carryOver, candidates } = list;
  const weights = carryOver.mode === 'weight' ? (x) => isCount(x) && x >= 2 : isOneOf(null);
  form(carryOver, { mode: isOneOf('none', 'priority', 'weight'), weight: weights }, '"carryOver"');
  quotas.forEach((row, i) => {
    form(row, QUOTA, `quota ${i + 1}`);
    must(row.minimum <= row.maximum, `the minimum of quota ${i + 1} is above its maximum`);
  });
  candidates.forEach((row, i) => form(row, CANDIDATE, `candidate ${i + 1}`));
  const distinct = (rows, name) => new Set(rows.map((row) => row[name])).size === rows.length;
  must(distinct(quotas, 'organisation'), 'an organisation has two quotas');
  must(distinct(candidates, 'label'), 'two candidates have the same label');
  return { seats, quota: new Map(quotas.map((row) => [row.organisation, row])), held: unfilledMinimum === 'held',
    ...carryOver, candidates, split: carryOver.mode !== 'none' && candidates.some((row) => row.carriedOver) };
}

// ---- chances [3] --------------------------------------------------------------------------------------------------
/** Expected seats of a part with `c` candidates carried over and `o` others at the level λ, within its limits. */
function atLevel({ c, o, lo, hi }, w, level) {
  const free = plus(times(c, least(ONE, times(level, w))), times(o, least(ONE, level)));
  return least(most(free, lo), hi);
}

/** The smallest level at which c · min(1, λ · w) + o · min(1, λ) is e. */
function levelOf({ c, o }, w, e) {
  if (e.n === 0n) return ZERO;
  return less(plus(c, over(o, w)), e) ? over(minus(e, c), o) : over(e, plus(times(c, w), o));
}

/** The expected seats of all parts at one common level: together `seats`, or all their upper limits if that is less.
 * Their sum never falls and is straight between bends: find the two bends around it. At level 1 all are at `hi`.
 * @param {{c, o, lo, hi}[]} parts fractions @param w the weight of those carried over @param seats a fraction */
export function share(parts, w, seats) {
  const total = least(seats, sum(parts.map((p) => p.hi)));
  const at = (level) => parts.map((part) => atLevel(part, w, level));
  const bends = [ZERO, over(ONE, w), ONE, ...parts.flatMap((p) => [levelOf(p, w, p.lo), levelOf(p, w, p.hi)])];
  bends.sort((a, b) => (less(a, b) ? -1 : Number(less(b, a))));
  let [low, high] = [0, bends.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (less(total, sum(at(bends[middle])))) high = middle;
    else low = middle;
  }
  const [under, above] = [sum(at(bends[low])), sum(at(bends[high]))];
  if (!less(under, above)) return at(bends[low]);
  const way = over(minus(total, under), minus(above, under));
  return at(plus(bends[low], times(way, minus(bends[high], bends[low]))));
}

/** The chances, per part those of the carried over and of the others; `S` seats are available. */
function chancePairs(parts, { mode, weight, split }, S) {
  if (mode !== 'priority' || !split) {
    const w = mode === 'weight' ? whole(weight) : ONE;
    return share(parts, w, S).map((e, i) => levelOf(parts[i], w, e))
      .map((own) => [least(ONE, times(own, w)), least(ONE, own)]);
  }
  const kept = sum(parts.map((p) => most(minus(p.lo, p.c), ZERO)));
  const first = parts.map((p) => ({ c: ZERO, o: p.c, lo: least(p.lo, p.c), hi: least(p.hi, p.c) }));
  const t = share(first, ONE, minus(S, kept));
  const then = parts.map((p, i) => (
    { c: ZERO, o: p.o, lo: most(minus(p.lo, t[i]), ZERO), hi: least(minus(p.hi, t[i]), p.o) }));
  const rest = share(then, ONE, minus(S, sum(t)));
  const per = (e, size) => (size.n === 0n ? ZERO : over(e, size));
  return parts.map((p, i) => [per(t[i], p.c), per(rest[i], p.o)]);
}

/** The groups in their order: {partner, carriedOver, size, chance, expected}. @param terms from readTerms() */
export function chances(terms) {
  const partners = [...new Set(terms.candidates.map((row) => row.partner))].sort();
  const count = new Map(partners.map((name) => [name, { c: 0, o: 0 }]));
  for (const row of terms.candidates) count.get(row.partner)[row.carriedOver && terms.split ? 'c' : 'o'] += 1;
  let available = whole(terms.seats);
  for (const { organisation, minimum } of terms.held ? terms.quota.values() : []) {
    const { c, o } = count.get(organisation) ?? { c: 0, o: 0 };
    available = minus(available, most(minus(whole(minimum), whole(c + o)), ZERO));
  }
  const parts = partners.map((name) => {
    const [{ c, o }, q] = [count.get(name), terms.quota.get(name) ?? { minimum: 0, maximum: Infinity }];
    return { c: whole(c), o: whole(o), lo: whole(Math.min(q.minimum, c + o)), hi: whole(Math.min(q.maximum, c + o)) };
  });
  const needed = sum(parts.map((p) => p.lo));
  must(!less(available, needed), `minimums need ${written(needed)} seats, and ${written(available)} are available`);
  return chancePairs(parts, terms, available).flatMap(([carried, other], i) => (
    [{ carriedOver: true, size: parts[i].c, chance: carried }, { carriedOver: false, size: parts[i].o, chance: other }]
      .filter(({ size }) => size.n > 0n)
      .map((group) => ({ partner: partners[i], ...group, expected: times(group.chance, group.size) }))));
}

/** `groups` as the record has it. */
const groupRows = (groups) => groups.map(({ partner, carriedOver, size, chance, expected }) => (
  { partner, carriedOver, candidates: Number(size.n), chance: written(chance), expectedSeats: written(expected) }));

// ---- the random value and the result [4] [5] [7] ------------------------------------------------------------------
/** The 32 random bytes, from the signature or the value itself; `null` when nothing was drawn. */
export function randomBytes(status, beacon, random, drawNeeded) {
  const rehearsal = status === 'rehearsal';
  if (!drawNeeded) must(random === null || rehearsal, 'no draw was needed, and yet there is a random value');
  if (!drawNeeded && random === null) return null;
  const drand = !rehearsal && beacon?.kind === 'drand';
  must(drand || rehearsal || beacon?.kind === 'public-source', 'there is a random value, but no source for it');
  const isValue = (x) => x === '' || isText(x);
  const [signature, value] = drand ? [isHex(96), isOneOf(null)] : [isOneOf(null), isValue];
  form(random, { signature, value, randomness: isHex(64) }, '"random"');
  return sha256(drand ? Buffer.from(random.signature, 'hex') : Buffer.from(random.value, 'utf8'));
}

/** Seats per group, as numbers: each its expectation rounded down or up, by one running sum. */
function seatsPerGroup(groups, key) {
  let c = fraction(BigInt(`0x${hmac(key, 'rounding').toString('hex')}`), 1n << 256n);
  return groups.map(({ expected }) => {
    const before = c.n / c.d;
    c = plus(c, expected);
    return Number(c.n / c.d - before);
  });
}

/** Seats per group and lots, as the record writes them. @param terms from readTerms() @param groups from chances()
 * @param {string} listHash @param {Buffer|null} R `null`: no draw was needed @param {boolean} rehearsal */
export function result(terms, groups, listHash, R, rehearsal) {
  const info = `cultuurcoordinator draw${rehearsal ? ' rehearsal' : ''}`;
  const key = R && Buffer.from(hkdfSync('sha256', R, Buffer.from(listHash, 'hex'), info, 32));
  const counts = R ? seatsPerGroup(groups, key) : groups.map(({ size }) => Number(size.n));
  const seats = groups.map(({ partner, carriedOver }, i) => ({ partner, carriedOver, seats: counts[i] }));
  const labels = terms.candidates.map((row) => row.label).sort();
  if (!R) return { seats, lots: labels.map((label) => ({ label, lot: null, outcome: 'placed', number: null })) };

  const byLabel = new Map(terms.candidates.map((row) => [row.label, row]));
  const carried = (label) => byLabel.get(label).carriedOver && terms.split;
  const left = new Map(seats.map((row) => [`${row.carriedOver} ${row.partner}`, row.seats]));
  const drawn = labels.map((label) => ({ label, value: hmac(key, label) }));
  drawn.sort((a, b) => Buffer.compare(a.value, b.value));
  const lots = drawn.map(({ label }, i) => {
    const group = `${carried(label)} ${byLabel.get(label).partner}`;
    left.set(group, left.get(group) - 1);
    return { label, lot: i + 1, outcome: left.get(group) >= 0 ? 'placed' : 'waitlisted', number: null };
  });
  const placed = lots.filter((row) => row.outcome === 'placed');
  const waiting = lots.filter((row) => row.outcome === 'waitlisted');
  const ahead = (row) => terms.mode === 'priority' && carried(row.label);
  waiting.sort((a, b) => ahead(b) - ahead(a) || a.lot - b.lot);
  for (const rows of [placed, waiting]) rows.forEach((row, i) => { row.number = i + 1; });
  return { seats, lots };
}

/** What follows from a record: {listHash, groups, drawNeeded, seats, lots}; the last two null without an outcome. */
export function compute({ status, list, outcome = null }) {
  const terms = readTerms(list);
  const groups = chances(terms);
  const drawNeeded = groups.some((group) => written(group.chance) !== '1');
  const own = { listHash: hashOf(list), groups: groupRows(groups), drawNeeded, seats: null, lots: null };
  if (outcome === null) return own;
  must(isObject(outcome), `"outcome" is neither null nor an object: ${show(outcome)}`);
  const R = drawNeeded ? randomBytes(status, list.beacon, outcome.random, true) : null;
  return { ...own, ...result(terms, groups, own.listHash, R, status === 'rehearsal') };
}

// ---- the checks, in the order of [8] ------------------------------------------------------------------------------
/** Member `name` of something must have this value; says so when a fraction is only not in lowest terms. */
function same(found, right, what) {
  const [, n, d] = (typeof found === 'string' && /^(\d{1,99})\/(0*[1-9]\d{0,98})$/.exec(found)) || [];
  const lazy = d && written(fraction(BigInt(n), BigInt(d))) === right ? ' (not in lowest terms)' : '';
  must(found === right, `${what} is ${show(found)}, and should be ${show(right)}${lazy}`);
}

/** The rows found must be the right rows, in all members or only in `compare`. */
function sameRows(found, right, what, compare = null) {
  must(found.length === right.length, `there are ${found.length} rows in ${what}, and should be ${right.length}`);
  right.forEach((row, i) => {
    const names = Object.keys(row);
    form(found[i], Object.fromEntries(names.map((name) => [name, () => true])), `row ${i + 1} of ${what}`);
    for (const name of compare ?? names) same(found[i][name], row[name], `"${name}" in row ${i + 1} of ${what}`);
  });
}

/** Form and time of the beacon [4]. */
function checkBeacon({ list: { beacon, announcedAt }, status }, drawNeeded, ok) {
  if (beacon === null) {
    must(!drawNeeded || status === 'rehearsal', 'a draw is needed, but "beacon" is null');
    return ok('There is no beacon, and none is needed.');
  }
  must(drawNeeded, 'no draw is needed, and yet there is a beacon');
  must(Object.hasOwn(BEACONS, String(beacon.kind)), `the kind of beacon is ${show(beacon.kind)}`);
  form(beacon, BEACONS[beacon.kind], '"beacon"');
  const at = seconds(beacon.roundAt ?? beacon.availableAt);
  must(at - seconds(announcedAt) >= 3600, 'the beacon comes less than an hour after the announcement');
  if (beacon.kind === 'drand') {
    must(at === 1692803367 + 3 * (beacon.round - 1), `round ${beacon.round} is not published at ${beacon.roundAt}`);
  }
  return ok(`The beacon (${beacon.kind}) comes at least an hour after the announcement, and its time is right.`);
}

/** The outcome [5]; the hash of it comes after. */
function checkOutcome({ status, list, outcome }, terms, groups, listHash, drawNeeded, ok, note) {
  form(outcome, OUTCOME, 'the outcome');
  const { random, seats, lots, withdrawn } = outcome;
  const R = randomBytes(status, list.beacon, random, drawNeeded);
  if (R) same(random.randomness, R.toString('hex'), '"randomness"');
  ok(R ? 'The randomness is the SHA-256 of the signature or value.' : 'Nothing was drawn: there is no randomness.');
  if (R && status === 'rehearsal') note(`The value was chosen for the rehearsal: ${show(random.value)}.`);
  else if (R && random.signature) {
    note('The signature is NOT checked: BLS12-381 takes a library, and this program has none.');
    note(`Compare it with what any drand relay answers for quicknet round ${list.beacon.round}.`);
  } else if (R) {
    note('No machine can check that the public source said so: a person has to look it up.');
    note(`${show(list.beacon.field)} in ${show(list.beacon.source)} should read ${show(random.value)}.`);
  }
  const right = result(terms, groups, listHash, drawNeeded ? R : null, status === 'rehearsal');
  sameRows(seats, right.seats, 'the seats per group');
  ok('The seats per group are right.');
  sameRows(lots, right.lots, 'the lots', ['label', 'lot']);
  ok(`The lots are right (${lots.length}).`);
  sameRows(lots, right.lots, 'the lots');
  ok('Every outcome (placed or waiting list) and every number is right.');
  const labels = new Set(terms.candidates.map((row) => row.label));
  for (const label of withdrawn) must(labels.has(label), `${show(label)} in "withdrawn" is not a candidate`);
  sorted(withdrawn, (a, b) => a < b, 'labels in "withdrawn"');
  ok(`Everybody in "withdrawn" is a candidate (${withdrawn.length}).`);
}

/** All checks of [8]; throws a Difference at the first that fails. @param {(line: string) => void} say takes a line */
export function verify(record, say = () => {}) {
  const [ok, note] = [(text) => say(`ok    ${text}`), (text) => say(`NOTE  ${text}`)];
  const { status, list, outcome } = record;
  if (status === 'rehearsal') note('This is a REHEARSAL. It does not count.');
  if (status === 'void') note('This draw is void.');

  must(isObject(list), `"list" is not an object but ${show(list)}`);
  must(LIST.protocol(list.protocol), `the protocol is ${show(list.protocol)}; this program does not know it`);
  ok(`The protocol is ${list.protocol}.`);
  const listHash = hashOf(list);
  same(record.listHash, listHash, '"listHash"');
  ok(`The list hash is right: ${listHash}.`);

  form(record, RECORD, 'the record', true);
  form(list, LIST, 'the list');
  const terms = readTerms(list);
  record.groups.forEach((row, i) => form(row, GROUP, `group ${i + 1}`));
  sorted(terms.candidates, (a, b) => a.label < b.label, 'candidates');
  sorted(list.quotas, (a, b) => a.organisation < b.organisation, 'quotas');
  const place = (row) => `${row.partner}\0${row.carriedOver ? 0 : 1}`;
  sorted(record.groups, (a, b) => place(a) < place(b), 'groups');
  ok('The list has its proper form; candidates, quotas and groups are sorted; all labels are distinct.');

  const groups = chances(terms);
  const chanceOf = new Map(groups.map((g) => [`${g.carriedOver} ${g.partner}`, written(g.chance)]));
  for (const { label, partner, carriedOver, chance } of terms.candidates) {
    same(chance, chanceOf.get(`${carriedOver && terms.split} ${partner}`), `the chance of candidate ${label}`);
  }
  sameRows(record.groups, groupRows(groups), '"groups"');
  ok(`Every chance (${terms.candidates.length} candidates) and every group (${groups.length}) is right.`);
  const drawNeeded = groups.some((group) => written(group.chance) !== '1');
  same(record.drawNeeded, drawNeeded, '"drawNeeded"');
  ok(drawNeeded ? 'A draw is needed, as the record says.' : 'No draw is needed, as the record says.');
  checkBeacon(record, drawNeeded, ok);

  must(outcome === null || status !== 'announced', `the draw is "${status}", and yet there is an outcome`);
  must(outcome !== null || !/completed|rehearsal/.test(status), `the draw is "${status}", but there is no outcome`);
  if (outcome !== null && status === 'run') note('This result is not public yet, and may still be voided.');
  if (outcome === null) note('There is no public outcome.');
  else checkOutcome(record, terms, groups, listHash, drawNeeded, ok, note);
  same(record.outcomeHash, outcome && hashOf(outcome), '"outcomeHash"');
  ok(outcome === null ? 'There is no outcome hash either.' : 'The outcome hash is right.');
  const { list: _l, outcome: _o, recordHash, ...rest } = record;
  same(recordHash, hashOf(rest), '"recordHash"');
  ok('The record hash is right.');
}

// ---- the command --------------------------------------------------------------------------------------------------
const resultLine = (text) => `${JSON.stringify(compute(readRecord(text)))}\n`;

/** Answers one line of standard input; empty ones are passed over. */
function answer(line) {
  try {
    if (line.trim()) process.stdout.write(resultLine(line));
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error.message })}\n`);
  }
}

/** Answers every line of standard input as it comes. */
async function batch() {
  let rest = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach(answer);
  }
  answer(rest);
}

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  if (args.join() === '--batch') return (await batch(), 0);
  const resultOnly = args[0] === '--result';
  const say = (line) => process.stdout.write(`${line}\n`);
  try {
    if (args.length !== (resultOnly ? 2 : 1)) throw new Error('usage: verify.mjs [--result] FILE, or verify.mjs --batch');
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(args.at(-1)));
    if (resultOnly) return (process.stdout.write(resultLine(text)), 0);
    const record = readRecord(text);
    verify(record, say);
    say(`Everything holds${record.status === 'rehearsal' ? ', for a REHEARSAL, which does not count' : ''}.`);
    return 0;
  } catch (error) {
    const differs = error instanceof Difference;
    (resultOnly ? console.error : say)(`${differs ? 'DIFFERENCE' : 'Cannot be read as a record'}: ${error.message}`);
    return differs ? 1 : 2;
  }
}

const started = process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename;
if (started) process.exitCode = await main(process.argv.slice(2));
