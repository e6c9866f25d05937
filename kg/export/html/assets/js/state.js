// What the reader has chosen; the address keeps it, so that a view can be shared.
const state = {
  view: "graph", node: null, fact: null, depth: 0, offTypes: new Set(), offPredicates: new Set(), offDocs: new Set(), least: 0, implied: true,
  from: "", to: "", partner: false, lang: "zh", dark: false, names: false, path: null, paper: null, said: null,
};

const shownNode = new Uint8Array(NODES.length);
const shownFact = new Uint8Array(FACTS.length);
/** What the selection or path touches; null when nothing is selected. */
let lit = null;

function docPasses(d) {
  if (state.offDocs.has(d)) return false;
  const date = DOCS[d].date || "";
  if (state.from && (!date || date < state.from)) return false;
  // A date of month precision lies in a range when its month does.
  return !(state.to && (!date || date > state.to.slice(0, date.length)));
}

function evidencePasses(evidence) {
  return docPasses(evidence.d) && (evidence.c === undefined ? 1 : evidence.c) >= state.least && (state.implied || !evidence.i);
}

const filtersDocs = () => state.offDocs.size > 0 || state.from !== "" || state.to !== "";
const filtersFacts = () => state.offPredicates.size > 0 || state.least > 0 || !state.implied;

/** Work out what is shown; facts pass filters, nodes then need a type that is on and, under a filter of facts, a fact. */
function derive() {
  const byDocs = filtersDocs(), byFacts = filtersFacts();
  const docOk = byDocs ? DOCS.map((_, d) => docPasses(d)) : null;
  NODES.forEach((node, i) => {
    shownNode[i] = !state.offTypes.has(node.kind) && (!state.partner || isPartner(i)) && (!docOk || node.mentions.some((m) => docOk[m[0]])
      || factsOf[i].some((f) => FACTS[f].evidence.some((e) => docOk[e.d]))) ? 1 : 0;
  });
  FACTS.forEach((fact, f) => {
    shownFact[f] = shownNode[fact.s] && shownNode[fact.o] && !state.offPredicates.has(fact.p) && fact.evidence.some(evidencePasses) ? 1 : 0;
  });
  if (state.depth && state.node !== null) {
    const near = around(state.node, state.depth);
    for (let i = 0; i < NODES.length; i++) if (!near.has(i)) shownNode[i] = 0;
    FACTS.forEach((fact, f) => { if (!shownNode[fact.s] || !shownNode[fact.o]) shownFact[f] = 0; });
  }
  if (byFacts) {
    for (let i = 0; i < NODES.length; i++) {
      if (shownNode[i] && i !== state.node && !factsOf[i].some((f) => shownFact[f])) shownNode[i] = 0;
    }
  }
  lit = litBy();
}

function around(start, depth) {
  const near = new Set([start]);
  let rim = [start];
  for (let step = 0; step < depth; step++) {
    const next = [];
    for (const i of rim) for (const f of factsOf[i]) {
      const j = other(FACTS[f], i);
      if (shownFact[f] && !near.has(j)) { near.add(j); next.push(j); }
    }
    rim = next;
  }
  return near;
}

function litBy() {
  if (state.path) return { nodes: new Set(state.path.nodes), facts: new Set(state.path.facts) };
  if (state.fact !== null) {
    const fact = FACTS[state.fact];
    if (!shownFact[state.fact]) return null;
    return { nodes: new Set([fact.s, fact.o]), facts: new Set([state.fact]) };
  }
  if (state.node === null || state.depth > 0) return null;
  const facts = factsOf[state.node].filter((f) => shownFact[f]);
  if (!facts.length && factsOf[state.node].length) return null;
  return { nodes: new Set([state.node, ...facts.map((f) => other(FACTS[f], state.node))]), facts: new Set(facts) };
}

/** The shortest path over the facts shown, or null; of several, the one through the busiest bodies is not preferred: the first found. */
function shortest(start, end) {
  if (start === end) return { from: start, to: end, nodes: [start], facts: [] };
  const came = new Map([[start, null]]);
  let rim = [start];
  while (rim.length && !came.has(end)) {
    const next = [];
    for (const i of rim) for (const f of factsOf[i]) {
      const j = other(FACTS[f], i);
      if (shownFact[f] && !came.has(j)) { came.set(j, [i, f]); next.push(j); }
    }
    rim = next;
  }
  if (!came.has(end)) return { from: start, to: end, nodes: [start, end], facts: [], none: true };
  const nodes = [end], facts = [];
  for (let step = came.get(end); step; step = came.get(step[0])) { nodes.unshift(step[0]); facts.unshift(step[1]); }
  return { from: start, to: end, nodes, facts };
}

function toHash() {
  const out = new URLSearchParams();
  const put = (key, value) => { if (value) out.set(key, value); };
  put("view", state.view === "graph" ? "" : state.view);
  put("node", state.node !== null && NODES[state.node].id);
  put("fact", state.fact !== null && FACTS[state.fact].id);
  put("depth", state.depth || "");
  put("hide", [...state.offTypes].sort().join(","));
  put("without", [...state.offPredicates].sort().join(","));
  put("skip", [...state.offDocs].sort((a, b) => a - b).map((d) => DOCS[d].id).join("|"));
  put("least", state.least || "");
  put("implied", state.implied ? "" : "no");
  put("from", state.from);
  put("to", state.to);
  put("partner", state.partner ? "only" : "");
  put("path", state.path && state.path.from !== null && state.path.to !== null ? `${NODES[state.path.from].id}|${NODES[state.path.to].id}` : "");
  put("doc", state.paper !== null && DOCS[state.paper].id);
  put("names", state.names ? "yes" : "");
  put("lang", state.lang === "zh" ? "" : state.lang);
  put("theme", state.dark ? "dark" : "");
  return out.toString();
}

/** Read the address; what it names and the data lacks is ignored, since an old link may be opened on a new build. */
function fromHash(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const get = (key) => given.get(key) || "";
  const known = (map, key) => (map.has(key) ? map.get(key) : null);
  const list = (key, by, among) => new Set(get(key).split(by).filter((name) => name && among(name)));
  const day = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? text : "");
  state.view = ["table", "paper"].includes(get("view")) ? get("view") : "graph";
  state.node = known(nodeById, get("node"));
  state.fact = known(factById, get("fact"));
  state.depth = Math.min(3, Math.max(0, parseInt(get("depth"), 10) || 0));
  state.offTypes = list("hide", ",", (name) => Object.hasOwn(DATA.classes, name));
  state.offPredicates = list("without", ",", (name) => Object.hasOwn(DATA.predicates, name));
  state.offDocs = new Set([...list("skip", "|", (name) => docById.has(name))].map((name) => docById.get(name)));
  state.least = Math.min(1, Math.max(0, parseFloat(get("least")) || 0));
  state.implied = get("implied") !== "no";
  state.from = day(get("from"));
  state.to = day(get("to"));
  state.partner = get("partner") === "only";
  state.paper = known(docById, get("doc"));
  state.names = get("names") === "yes";
  state.lang = get("lang") === "en" ? "en" : "zh";
  if (given.has("theme")) state.dark = get("theme") === "dark";
  state.said = null;
  state.path = null;
  const [start, end] = get("path").split("|").map((id) => known(nodeById, id));
  derive();
  if (start !== null && start !== undefined && end !== null && end !== undefined) { state.path = shortest(start, end); lit = litBy(); }
}

state.dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
fromHash(location.hash);
