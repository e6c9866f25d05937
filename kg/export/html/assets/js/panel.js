// The panel on the right: who says so.
const percent = (value) => `${Math.round(value * 100)}%`;
const confidenceOf = (value) => (value === undefined ? 1 : value);
const hintOfNode = (i) => `${NODES[i].name} · ${label(kindOf(i))}`;
const hintOfFact = (f) => {
  const fact = FACTS[f];
  return `${NODES[fact.s].name} —${label(DATA.predicates[fact.p])}${DATA.predicates[fact.p].symmetric ? "— " : "→ "}${NODES[fact.o].name}${fact.implied ? ` · ${t("implied1")}` : ""}`;
};

function renderPanel() {
  const panel = byId("panel");
  const content = state.path ? pathPanel() : state.fact !== null ? factPanel(state.fact) : state.node !== null ? nodePanel(state.node) : null;
  const was = panel.hidden;
  panel.hidden = content === null;
  panel.setAttribute("aria-label", t("evidence"));
  replace(panel, content || []);
  panel.scrollTop = 0;
  return was !== panel.hidden;
}

const closer = () => h("button", { type: "button", class: "close", "aria-label": t("close"), onclick: () => app.clear() }, "×");
const nameLink = (i, more = {}) => link(NODES[i].name, () => app.selectNode(i, true), { class: "link name", ...more });

function nodePanel(i) {
  const node = NODES[i], kinds = [...new Set([node.kind, node.type])];
  const attributes = Object.entries(node.attributes || {});
  return [
    h("div", { class: "head" }, h("h2", {}, node.name), closer()),
    h("div", { class: "chips" },
      kinds.map((kind) => h("span", { class: "chip" }, DATA.classes[kind] ? [swatch(kind, 16), label(DATA.classes[kind])] : kind)),
      isPartner(i) ? h("span", { class: "chip partner" }, t("partner")) : null),
    h("dl", { class: "pairs" },
      node.aliases ? [h("dt", {}, t("aliases")), h("dd", {}, node.aliases.join("、"))] : null,
      node.scope !== undefined ? [h("dt", {}, t("owner")), h("dd", {}, nameLink(node.scope))] : null,
      node.registry ? [h("dt", {}, t("registry")), h("dd", {}, node.registry)] : null,
      attributes.map(([key, value]) => [h("dt", {}, key), h("dd", {}, String(value))])),
    h("div", { class: "actions" },
      [1, 2, 3].map((depth) => button(`${t("depth")} ${depth}`, () => app.showAround(i, state.depth === depth ? 0 : depth), { "aria-pressed": String(state.depth === depth) })),
      state.depth ? button(t("whole"), () => app.showAround(i, 0)) : null,
      button(t("pathHere"), () => app.askPath(i))),
    h("h3", {}, t("facts"), h("span", {}, factsOf[i].length)),
    factsOf[i].length ? factGroups(i) : h("p", { class: "soft" }, t("isolated")),
    h("h3", {}, t("mentions"), h("span", {}, t("mentionCount", { n: node.mentions.length }))),
    mentionList(i),
    h("div", { class: "gap" }),
    queryBlock(queriesOfNode(i)),
  ];
}

function factGroups(i) {
  const groups = new Map();
  for (const f of factsOf[i]) {
    const fact = FACTS[f], symmetric = DATA.predicates[fact.p].symmetric;
    const key = `${fact.p}/${symmetric || fact.s === i ? "out" : "in"}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(f);
  }
  const rank = Object.keys(DATA.predicates);
  const keys = [...groups.keys()].sort((a, b) => rank.indexOf(a.split("/")[0]) - rank.indexOf(b.split("/")[0]) || (a < b ? 1 : -1));
  return h("div", { class: "facts" }, keys.map((key) => {
    const [predicate, way] = key.split("/");
    return [
      h("h4", {}, stroke(predicate), `${way === "in" ? "← " : ""}${label(DATA.predicates[predicate])}`, h("span", { class: "soft small" }, groups.get(key).length)),
      h("ul", {}, groups.get(key).map((f) => {
        const j = other(FACTS[f], i);
        return h("li", {}, swatch(NODES[j].kind, 16), nameLink(j), FACTS[f].implied ? h("span", { class: "soft small" }, t("implied1")) : null,
          link(t("evidence"), () => app.selectFact(f), { class: "link says", "aria-label": `${t("evidence")}: ${hintOfFact(f)}` }));
      })),
    ];
  }));
}

function mentionList(i) {
  const mentions = NODES[i].mentions, first = 6;
  const row = ([d, start, end]) => {
    const around = DATA.whole ? [slice(d, Math.max(0, start - 14), start), slice(d, start, end), slice(d, end, end + 14)].map((x) => x.replace(/\s+/g, " ")) : null;
    const open = around ? h("button", { type: "button", class: "link", style: null, onclick: () => app.openPaper(d, [start, end]) }, "…", around[0], h("mark", { class: "s" }, around[1]), around[2], "…") : DOCS[d].title;
    return h("li", {}, open, " ", h("span", { class: "soft small" }, DOCS[d].title));
  };
  const list = h("ul", { class: "mentions" }, mentions.slice(0, first).map(row));
  if (mentions.length > first) {
    const more = h("li", {}, link(t("more", { n: mentions.length - first }), () => { more.remove(); fill(list, {}, mentions.slice(first).map(row)); }));
    list.append(more);
  }
  return list;
}

function factPanel(f) {
  const fact = FACTS[f], predicate = DATA.predicates[fact.p];
  const marks = [["s", t("subject")], ["t", t("trigger")], ["o", t("object")]];
  return [
    h("div", { class: "head" }, h("h2", { class: "triple" },
      nameLink(fact.s), h("span", { class: "verb", colour: predicate.color }, label(predicate), predicate.symmetric ? " ↔" : " →"), nameLink(fact.o)), closer()),
    h("dl", { class: "pairs" },
      h("dt", {}, t("relation")), h("dd", {}, label(predicate), " ", h("code", { class: "small soft" }, fact.p), predicate.symmetric ? ` · ${t("symmetric")}` : "", fact.implied ? ` · ${t("implied1")}` : ""),
      h("dt", {}, t("confidence")), h("dd", {}, percent(fact.confidence))),
    h("h3", {}, t("evidence"), h("span", {}, t("said", { n: fact.evidence.length }))),
    h("div", { class: "key" }, marks.map(([kind, word]) => h("mark", { class: kind }, word))),
    fact.evidence.slice(0, 50).map((evidence) => evidenceCard(fact, evidence)),
    h("div", { class: "gap" }),
    queryBlock(queriesOfFact(f)),
  ];
}

/** The spans to mark in an evidence: those given, else the mentions of subject and object that lie in it. */
function spansOf(fact, evidence) {
  const inside = (span) => span[0] >= evidence.a && span[1] <= evidence.b;
  const found = [], outside = [];
  for (const [kind, given, node] of [["s", evidence.s, fact.s], ["o", evidence.o, fact.o]]) {
    if (given && inside(given)) found.push([given[0], given[1], kind]);
    else {
      const near = NODES[node].mentions.filter((m) => m[0] === evidence.d && inside([m[1], m[2]]));
      near.forEach((m) => found.push([m[1], m[2], kind]));
      if (!near.length) outside.push([kind, given, node]);
    }
  }
  if (evidence.t && inside(evidence.t)) found.push([evidence.t[0], evidence.t[1], "t"]);
  return { found, outside };
}

function evidenceCard(fact, evidence) {
  const { found, outside } = spansOf(fact, evidence);
  const doc = DOCS[evidence.d];
  return h("div", { class: "evidence" },
    h("blockquote", {}, marked(evidence.a, evidence.b, found, (a, b) => pieceOf(evidence, a, b), (kind, text) => h("mark", { class: kind }, text))),
    outside.map(([kind, , node]) => h("p", { class: "small soft" }, kind === "s" ? t("before") : t("objectAt"), nameLink(node))),
    h("p", { class: "where" },
      DATA.whole ? link(t("open"), () => app.openPaper(evidence.d, [evidence.a, evidence.b])) : null,
      h("span", {}, doc.title), doc.date ? h("span", {}, doc.date) : null,
      h("span", {}, `${t("confidence")} ${percent(confidenceOf(evidence.c))}`),
      evidence.i ? h("span", {}, t("implied1")) : null,
      evidence.x ? h("span", {}, evidence.x) : null,
      Object.entries(evidence.attributes || {}).map(([key, value]) => h("span", {}, `${key}: ${value}`))));
}

/** Text in pieces; where spans overlap, the one that begins last (the innermost) has the piece. */
function marked(start, end, spans, text, wrap) {
  const cuts = [...new Set([start, end, ...spans.flatMap(([a, b]) => [a, b])])].filter((c) => c >= start && c <= end).sort((a, b) => a - b);
  const sorted = [...spans].sort((x, y) => x[0] - y[0] || y[1] - x[1]);
  return cuts.slice(0, -1).map((cut, n) => {
    const next = cuts[n + 1];
    let span = null;
    for (const one of sorted) { if (one[0] > cut) break; if (one[1] >= next) span = one; }
    return span ? wrap(span[2], text(cut, next), span) : text(cut, next);
  });
}

function pathPanel() {
  const { from, to, nodes, facts, none } = state.path;
  const choose = (word, value, set) => h("div", { class: "field" }, h("span", { class: "soft" }, word), h("div", { class: "grow" }, finder({ value: value === null ? "" : NODES[value].name, label: word, pick: set })));
  return [
    h("div", { class: "head" }, h("h2", {}, t("path")), closer()),
    choose(t("pathFrom"), from, (i) => app.findPath(i, to)),
    choose(t("pathTo"), to, (i) => app.findPath(from, i)),
    from !== null && to !== null ? h("div", { class: "actions" }, button(t("swap"), () => app.findPath(to, from))) : null,
    none ? h("p", { class: "soft", id: "path-none" }, t("pathNone")) : null,
    facts.length ? [h("h3", {}, t("steps", { n: facts.length })), h("ol", { class: "path", id: "path-steps" }, nodes.map((i, n) => [
      h("li", {}, swatch(NODES[i].kind, 18), " ", nameLink(i)),
      n < facts.length ? h("li", { class: "hop" }, FACTS[facts[n]].s === i || DATA.predicates[FACTS[facts[n]].p].symmetric ? "↓ " : "↑ ", link(label(DATA.predicates[FACTS[facts[n]].p]), () => app.selectFact(facts[n]))) : null,
    ]))] : null,
  ];
}
